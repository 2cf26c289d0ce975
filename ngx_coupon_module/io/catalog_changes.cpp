#include "io/catalog_changes.hpp"

#include <algorithm>

namespace coupon {

void CatalogChanges::clear() noexcept {
    offers_.clear();
    merchants_.clear();
}

std::vector<int64_t> CatalogChanges::take_offers(std::size_t max) {
    const auto first = offers_.end() - static_cast<std::ptrdiff_t>(std::min(max, offers_.size()));
    std::vector<int64_t> taken(first, offers_.end());
    offers_.erase(first, offers_.end());
    return taken;
}

}  // namespace coupon
