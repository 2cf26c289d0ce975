// Any stored webhook of any provider: events or one kind of refusal; what moves money has its key,
// amount, currency and digest, and all of it fits into PostgreSQL's columns. First byte of the
// input: the provider; then the method and the query on a line, fields on lines up to an empty one,
// the body.
#include <array>

#include "check.hpp"
#include "webhooks/events/parse.hpp"

namespace {

constexpr std::array<const char*, 12> providers{"razorpay", "phonepe",     "cashfree", "sslcommerz",
                                                "bkash",    "sendgrid",    "twilio",   "msg91",
                                                "admitad",  "vcommission", "cuelinks", "hmac"};

std::vector<coupon::WebhookEvent> read(const coupon::WebhookInput& input) {
    try {
        return coupon::parse_events(input);
    } catch (const coupon::MalformedEvent& refusal) {
        check(is_printable(refusal.what()) && *refusal.what() != '\0');
        return {};
    }
}

void check_event(const coupon::WebhookEvent& event) {
    using Kind = coupon::EventKind;
    for (const auto* text : {&event.name, &event.key, &event.reason, &event.hold,
                             &event.gateway_order_id, &event.gateway_payment_id, &event.refund_id,
                             &event.currency, &event.report.message_id, &event.report.own_id,
                             &event.report.number, &event.report.status, &event.report.address,
                             &event.report.recipient}) {
        check(is_storable(*text));
    }
    for (const auto& [name, value] : event.fields) {
        check(is_storable(value));
    }
    if (event.kind == Kind::unknown) {
        check(!event.reason.empty());
        return;
    }
    check(!event.key.empty() && is_printable(event.key));
    // Of a text message's report the key may say all of it: it is kept as a keyed digest.
    check(event.digest.size() == 32 || (event.digest.empty() && event.kind == Kind::sms_report));
    if (event.kind != Kind::payment && event.kind != Kind::refund) {
        return;
    }
    check(is_storable(event.error) && event.paise.value_or(0) >= 0);
    check(event.kind == Kind::payment ? !event.gateway_order_id.empty() : !event.refund_id.empty());
    if (event.state == coupon::PaymentState::success ||
        event.refund == coupon::RefundState::processed) {
        check(event.paise && !event.currency.empty());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    auto text = text_of(data, size);
    const auto first = take_byte(text);
    coupon::WebhookInput input;
    input.provider = providers[first / 2 % providers.size()];
    input.trust = first % 2 == 0 ? "body-signed" : "token";
    input.method = take_until(text, " ");
    input.query = take_until(text);
    for (auto line = take_until(text); !line.empty(); line = take_until(text)) {
        const auto name = take_until(line, "=");
        // They come out of columns of type jsonb.
        if (is_storable(name) && is_storable(line)) {
            input.fields.emplace_back(name, line);
            input.headers.emplace_back(name, line);
        }
    }
    input.body = text;
    const auto events = read(input);
    const auto again = read(input);
    check(events.size() == again.size());
    for (size_t at = 0; at < events.size(); ++at) {
        check_event(events[at]);
        check(events[at].key == again[at].key && events[at].digest == again[at].digest);
    }
    return 0;
}
