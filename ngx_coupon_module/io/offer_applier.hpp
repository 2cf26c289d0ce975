// Brings one result of offer rows into the catalogue, a slice of work at a time.
#pragma once

#include "catalog/catalog_zone.hpp"
#include "io/offer_query.hpp"
#include "io/pg_result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

namespace coupon {

class OfferApplier {
  public:
    enum class Progress : uint8_t {
        done,
        more,  // go on next turn
        busy,  // another process holds the catalogue's lock: go on in a few ms
    };
    // Offers that stay out because their destination breaks a rule.
    struct Broken {
        uint64_t count = 0;
        std::string first;  // uuid and reason
    };

    explicit OfferApplier(CatalogZone& zone) : zone_(zone) {}

    // `asked` are ids the rows answer for: an id without a row is removed from the catalogue.
    // Rows that are not live are removed too, those of a full load need no look at old entries.
    void begin(PgResult rows, const std::vector<int64_t>& asked, bool full_load);
    Progress go_on();

    // Rows of the current result, and the highest offer id among them.
    int rows() const noexcept { return rows_ ? rows_->rows() : 0; }
    int64_t last_id() const noexcept { return last_id_; }

    const Broken& broken() const noexcept { return broken_; }
    void forget_broken() { broken_ = {}; }

  private:
    bool apply_row();
    bool store(const OfferRow& offer);
    bool remove(int64_t offer_id);

    CatalogZone& zone_;
    std::optional<PgResult> rows_;
    int next_row_ = 0;
    bool full_load_ = false;
    int64_t last_id_ = INT64_MIN;
    std::unordered_set<int64_t> without_row_;
    Broken broken_;
    char entry_[CatalogZone::kBufferBytes];
};

}  // namespace coupon
