// Affiliate networks: the fields stand under our names already. Nobody signed them, so they are
// hints that make us ask the network.
#include "core/json_text.hpp"
#include "webhooks/events/parse.hpp"

namespace coupon {

std::vector<WebhookEvent> parse_postback(const WebhookInput& input) {
    const auto status = input.field("status");
    auto id = input.field("id");
    if (id.empty()) {
        id = input.field("action");
    }
    if (id.empty()) {
        return {unknown_event(status, "the postback names no conversion")};
    }
    WebhookEvent event;
    event.kind = EventKind::postback;
    event.name = status.empty() ? "conversion" : status;
    const auto amount = input.field("amount");
    event.key = business_key({id, status.empty() ? "-" : status, amount.empty() ? "-" : amount});
    event.digest = event_digest({id, status, amount, input.field("click")});
    event.fields = input.fields;
    for (auto& [name, value] : event.fields) {
        replace_nul(value);
    }
    return {event};
}

}  // namespace coupon
