#include "io/offer_applier.hpp"

#include "io/slice.hpp"

#include <algorithm>
#include <utility>

namespace coupon {

void OfferApplier::begin(PgResult rows, const std::vector<int64_t>& asked, bool full_load) {
    rows_ = std::move(rows);
    next_row_ = 0;
    full_load_ = full_load;
    last_id_ = INT64_MIN;
    without_row_ = {asked.begin(), asked.end()};
}

OfferApplier::Progress OfferApplier::go_on() {
    constexpr int kRowsBetweenLooks = 4;
    const Slice slice;
    for (int steps = 1; next_row_ < rows(); ++steps) {
        if (!apply_row()) {
            return Progress::busy;
        }
        ++next_row_;
        if (steps % kRowsBetweenLooks == 0 && slice.over()) {
            return Progress::more;
        }
    }
    while (!without_row_.empty()) {
        if (!remove(*without_row_.begin())) {
            return Progress::busy;
        }
        without_row_.erase(without_row_.begin());
        if (slice.over()) {
            return Progress::more;
        }
    }
    return Progress::done;
}

// False when the catalogue is busy; the row is then to be applied again.
bool OfferApplier::apply_row() {
    const auto offer = read_offer(*rows_, next_row_);
    if (!offer) {
        return true;
    }
    if (!(offer->entry.empty() ? remove(offer->offer_id) : store(*offer))) {
        return false;
    }
    if (offer->broken && broken_.count++ == 0) {
        broken_.first = to_string(offer->uuid) + ": " + offer->reason;
    }
    without_row_.erase(offer->offer_id);
    last_id_ = std::max(last_id_, offer->offer_id);
    return true;
}

bool OfferApplier::store(const OfferRow& offer) {
    // An offer whose public id was changed has an entry under the old one. A full load sweeps it.
    if (!full_load_ && zone_.lookup(offer.uuid, entry_, sizeof entry_) == 0 &&
        zone_.erase_by_offer_id(offer.offer_id) == EraseResult::busy) {
        return false;
    }
    return zone_.put(offer.uuid, offer.entry, zone_.load_generation()) != PutResult::busy;
}

bool OfferApplier::remove(int64_t offer_id) {
    return zone_.erase_by_offer_id(offer_id) != EraseResult::busy;
}

}  // namespace coupon
