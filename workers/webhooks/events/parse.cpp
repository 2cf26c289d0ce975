#include "webhooks/events/parse.hpp"

#include <array>

#include "runtime/storable_text.hpp"

namespace coupon {
namespace {

constexpr std::size_t name_bytes_max = 100;

struct ProviderParser {
    std::string_view provider;
    std::vector<WebhookEvent> (*parse)(const WebhookInput& input);
};

constexpr std::array<ProviderParser, 11> parsers{{
    {"razorpay", parse_razorpay},
    {"phonepe", parse_phonepe},
    {"cashfree", parse_cashfree},
    {"sslcommerz", parse_sslcommerz},
    {"bkash", parse_bkash},
    {"sendgrid", parse_sendgrid},
    {"twilio", parse_twilio},
    {"msg91", parse_msg91},
    {"admitad", parse_postback},
    {"vcommission", parse_postback},
    {"cuelinks", parse_postback},
}};

void check_ids(const WebhookEvent& event) {
    check_id(event.gateway_order_id);
    check_id(event.gateway_payment_id);
    check_id(event.refund_id);
    check_id(event.currency);
}

}  // namespace

std::vector<WebhookEvent> parse_events(const WebhookInput& input) {
    for (const auto& parser : parsers) {
        if (parser.provider == input.provider) {
            auto events = parser.parse(input);
            for (auto& event : events) {
                event.name = storable_text(event.name, name_bytes_max);
            }
            return events;
        }
    }
    return {unknown_event("", "nothing is known of what this provider sends")};
}

std::int64_t required_amount(std::optional<std::int64_t> paise, const char* what) {
    if (!paise) {
        throw MalformedEvent(std::string(what) + " is no amount with at most two decimals");
    }
    return *paise;
}

void seal_payment(WebhookEvent& event) {
    check_ids(event);
    event.kind = EventKind::payment;
    event.digest = event_digest({event.gateway_order_id, event.gateway_payment_id,
                                 payment_state_name(event.state), event.currency,
                                 event.paise ? std::to_string(*event.paise) : "", event.hold});
}

void seal_refund(WebhookEvent& event) {
    check_ids(event);
    event.kind = EventKind::refund;
    event.digest = event_digest({event.gateway_order_id, event.gateway_payment_id, event.refund_id,
                                 std::to_string(static_cast<int>(event.refund)), event.currency,
                                 event.paise ? std::to_string(*event.paise) : ""});
}

}  // namespace coupon
