// What the change log said and the catalogue does not know yet. Pure bookkeeping, bounded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace coupon {

class CatalogChanges {
  public:
    // More than this many changed offers, and reading everything anew is the shorter way.
    static constexpr std::size_t kOffers_max = 200'000;

    // An offer may be in it twice; reading it again does no harm.
    void add_offer(int64_t id) { offers_.push_back(id); }
    // All offers of the merchant, from the first one on, also when some are read already.
    void add_merchant(int64_t id) { merchants_[id] = INT64_MIN; }

    bool empty() const noexcept { return offers_.empty() && merchants_.empty(); }
    bool too_many() const noexcept { return offers_.size() > kOffers_max; }
    void clear() noexcept;

    // Up to `max` offers to read next; they leave the list.
    std::vector<int64_t> take_offers(std::size_t max);
    bool has_offers() const noexcept { return !offers_.empty(); }

    bool has_merchants() const noexcept { return !merchants_.empty(); }
    // The merchant to go on with, and the offer id its next page begins after.
    std::pair<int64_t, int64_t> next_merchant() const { return *merchants_.begin(); }
    void merchant_read_up_to(int64_t merchant, int64_t offer_id) {
        merchants_[merchant] = offer_id;
    }
    void merchant_done(int64_t merchant) { merchants_.erase(merchant); }

  private:
    std::vector<int64_t> offers_;
    std::map<int64_t, int64_t> merchants_;
};

}  // namespace coupon
