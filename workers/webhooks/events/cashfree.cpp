// Cashfree: decimal rupees; ids are numbers in older versions and texts in newer ones. What counts
// is the payment's status, not the event's name.
#include "runtime/amount.hpp"
#include "webhooks/events/exact_json.hpp"
#include "webhooks/events/parse.hpp"

namespace coupon {
namespace {

using nlohmann::json;

std::optional<PaymentState> state_of(std::string_view status) {
    if (status == "SUCCESS") {
        return PaymentState::success;
    }
    if (status == "FAILED" || status == "USER_DROPPED" || status == "CANCELLED" ||
        status == "VOID") {
        return PaymentState::failed;
    }
    if (status == "PENDING" || status == "NOT_ATTEMPTED") {
        return PaymentState::pending;
    }
    return std::nullopt;
}

WebhookEvent payment_event(const std::string& type, const json& data) {
    const auto& payment = at_path(data, {"payment"});
    const auto status = required_text(payment, {"payment_status"});
    const auto state = state_of(status);
    if (!state) {
        return unknown_event(type, "not a status of a payment");
    }
    WebhookEvent event;
    event.name = type;
    event.state = *state;
    event.gateway_payment_id = required_text(payment, {"cf_payment_id"});
    event.gateway_order_id = required_text(data, {"order", "order_id"});
    event.key = business_key({"payment", event.gateway_payment_id, status});
    event.paise = required_amount(parse_major_units(text_at(payment, {"payment_amount"})),
                                  "payment.payment_amount");
    event.currency = required_text(payment, {"payment_currency"});
    event.error = *state == PaymentState::failed ? text_at(payment, {"payment_message"}) : "";
    seal_payment(event);
    return event;
}

WebhookEvent refund_event(const std::string& type, const json& refund) {
    const auto status = required_text(refund, {"refund_status"});
    WebhookEvent event;
    event.name = type;
    event.refund_id = required_text(refund, {"cf_refund_id"});
    event.gateway_payment_id = text_at(refund, {"cf_payment_id"});
    event.gateway_order_id = required_text(refund, {"order_id"});
    event.key = business_key({"refund", event.refund_id, status});
    event.paise = required_amount(parse_major_units(text_at(refund, {"refund_amount"})),
                                  "refund.refund_amount");
    event.currency = required_text(refund, {"refund_currency"});
    event.refund = status == "SUCCESS"                           ? RefundState::processed
                   : status == "FAILED" || status == "CANCELLED" ? RefundState::failed
                                                                 : RefundState::pending;
    seal_refund(event);
    return event;
}

}  // namespace

std::vector<WebhookEvent> parse_cashfree(const WebhookInput& input) {
    const auto body = parse_exact_json(input.body);
    const auto type = text_at(body, {"type"});
    const auto& data = at_path(body, {"data"});
    if (at_path(data, {"refund"}).is_object()) {
        return {refund_event(type, at_path(data, {"refund"}))};
    }
    if (type.starts_with("PAYMENT_") && at_path(data, {"payment"}).is_object() &&
        !text_at(data, {"payment", "payment_status"}).empty()) {
        return {payment_event(type, data)};
    }
    return {unknown_event(type, "not an event that changes a payment")};
}

}  // namespace coupon
