// PhonePe. v1: base64 of JSON in `response`, terminal states only. v2: event and payload; what
// counts is payload.state. Amounts in paise; PhonePe names no currency, it knows one.
#include "core/webhook/phonepe.hpp"

#include "runtime/amount.hpp"
#include "webhooks/events/exact_json.hpp"
#include "webhooks/events/parse.hpp"

namespace coupon {
namespace {

using nlohmann::json;

constexpr const char* currency = "INR";

std::optional<PaymentState> payment_state_of(std::string_view state) {
    if (state == "COMPLETED") {
        return PaymentState::success;
    }
    if (state == "FAILED") {
        return PaymentState::failed;
    }
    if (state == "PENDING") {
        return PaymentState::pending;
    }
    return std::nullopt;
}

// A refund has a transaction id of its own; what it gives back is in originalTransactionId, as in
// the call that asks for it. PhonePe does not document the callback itself.
WebhookEvent v1_refund_event(const json& payload) {
    const auto& data = at_path(payload, {"data"});
    const auto word = required_text(data, {"state"});
    WebhookEvent event;
    event.name = text_at(payload, {"code"});
    event.refund_id = required_text(data, {"merchantTransactionId"});
    event.gateway_order_id = required_text(data, {"originalTransactionId"});
    event.key = business_key({"v1", "refund", event.refund_id, word});
    event.paise = required_amount(parse_paise(text_at(data, {"amount"})), "data.amount");
    event.currency = currency;
    event.refund = word == "COMPLETED" ? RefundState::processed
                   : word == "FAILED"  ? RefundState::failed
                                       : RefundState::pending;
    seal_refund(event);
    return event;
}

WebhookEvent v1_event(const json& payload, bool is_signed) {
    const auto& data = at_path(payload, {"data"});
    const auto original = text_at(data, {"originalTransactionId"});
    if (!original.empty() && original != text_at(data, {"merchantTransactionId"})) {
        // Asking for the refund's status would not say which payment it gives back.
        return is_signed ? v1_refund_event(payload)
                         : unknown_event(text_at(payload, {"code"}), "a refund that is not signed");
    }
    const auto word = text_at(data, {"state"});
    const auto state = payment_state_of(word);
    const auto code = text_at(payload, {"code"});
    if (!state) {
        return unknown_event(code, "not a state of a payment");
    }
    WebhookEvent event;
    event.name = code.empty() ? word : code;
    event.state = *state;
    event.gateway_order_id = required_text(data, {"merchantTransactionId"});
    if (is_signed) {
        event.gateway_payment_id = text_at(data, {"transactionId"});
    }
    event.key = business_key({"v1", event.gateway_order_id, word});
    event.paise = required_amount(parse_paise(text_at(data, {"amount"})), "data.amount");
    event.currency = currency;
    event.error = *state == PaymentState::failed ? text_at(payload, {"message"}) : "";
    seal_payment(event);
    return event;
}

// The transaction's id is left out: nobody signs it, and the status call does not confirm it.
WebhookEvent v2_order_event(const std::string& name, const json& payload) {
    const auto word = required_text(payload, {"state"});
    const auto state = payment_state_of(word);
    if (!state) {
        return unknown_event(name, "not a state of an order");
    }
    WebhookEvent event;
    event.name = name;
    event.state = *state;
    event.gateway_order_id = required_text(payload, {"merchantOrderId"});
    event.key = business_key({"v2", name, event.gateway_order_id, word});
    event.paise = required_amount(parse_paise(text_at(payload, {"amount"})), "payload.amount");
    event.currency = currency;
    event.error = *state == PaymentState::failed ? text_at(payload, {"errorCode"}) : "";
    seal_payment(event);
    return event;
}

WebhookEvent v2_refund_event(const std::string& name, const json& payload) {
    const auto word = required_text(payload, {"state"});
    WebhookEvent event;
    event.name = name;
    event.refund_id = required_text(payload, {"merchantRefundId"});
    event.gateway_order_id = required_text(payload, {"originalMerchantOrderId"});
    event.key = business_key({"v2", name, event.refund_id, word});
    event.paise = required_amount(parse_paise(text_at(payload, {"amount"})), "payload.amount");
    event.currency = currency;
    event.refund = word == "COMPLETED" ? RefundState::processed
                   : word == "FAILED"  ? RefundState::failed
                                       : RefundState::pending;
    seal_refund(event);
    return event;
}

}  // namespace

std::vector<WebhookEvent> parse_phonepe(const WebhookInput& input) {
    if (const auto payload = phonepe_v1_payload(input.body)) {
        return {v1_event(parse_exact_json(*payload), input.trust == "body-signed")};
    }
    const auto body = parse_exact_json(input.body);
    const auto name = text_at(body, {"event"});
    const auto& payload = at_path(body, {"payload"});
    if (name.starts_with("checkout.order.")) {
        return {v2_order_event(name, payload)};
    }
    if (name.starts_with("pg.refund.")) {
        return {v2_refund_event(name, payload)};
    }
    return {unknown_event(name, "not an event that changes a payment")};
}

}  // namespace coupon
