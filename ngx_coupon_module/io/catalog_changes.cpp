#include "io/catalog_changes.hpp"

namespace coupon {

void CatalogChanges::clear() noexcept {
    offers_.clear();
    merchants_.clear();
}

std::vector<int64_t> CatalogChanges::take_offers(std::size_t max) {
    std::vector<int64_t> taken;
    for (auto one = offers_.begin(); one != offers_.end() && taken.size() < max;) {
        taken.push_back(*one);
        one = offers_.erase(one);
    }
    return taken;
}

}  // namespace coupon
