// Turns an accepted request into a click: id, destination, journal record.
#pragma once

#include "nginx.hpp"

#include "core/offer_entry.hpp"

namespace coupon {

enum class ClickResult : uint8_t {
    ready,       // location is built; recorded, or counted as unjournaled later
    needs_sync,  // recorded; the answer must wait for the journal's group commit
    failed,      // out of memory
};

// Fills the redirect context's click_id, location and record.
ClickResult record_click(ngx_http_request_t* r, const OfferView& offer);

}  // namespace coupon
