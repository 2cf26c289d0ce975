// Razorpay: amounts in paise, one event a request.
#include "runtime/amount.hpp"
#include "webhooks/events/exact_json.hpp"
#include "webhooks/events/parse.hpp"

namespace coupon {
namespace {

using nlohmann::json;

std::optional<PaymentState> state_of(std::string_view event) {
    if (event == "payment.authorized") {
        return PaymentState::authorized;
    }
    if (event == "payment.captured" || event == "order.paid") {
        return PaymentState::success;
    }
    if (event == "payment.failed") {
        return PaymentState::failed;
    }
    return std::nullopt;
}

std::string error_of(const json& payment) {
    const auto description = text_at(payment, {"error_description"});
    return description.empty() ? text_at(payment, {"error_code"}) : description;
}

WebhookEvent payment_event(const std::string& name, PaymentState state, const json& payload) {
    const auto& payment = at_path(payload, {"payment", "entity"});
    const auto& order = at_path(payload, {"order", "entity"});
    WebhookEvent event;
    event.name = name;
    event.state = state;
    event.gateway_payment_id = text_at(payment, {"id"});
    event.gateway_order_id = text_at(payment, {"order_id"});
    if (event.gateway_order_id.empty()) {
        event.gateway_order_id = text_at(order, {"id"});
    }
    if (event.gateway_order_id.empty()) {
        return unknown_event(name, "the payment belongs to no order");
    }
    // order.paid without its payment: the order itself tells what was paid.
    const bool by_order = !payment.is_object();
    event.key = business_key({name, by_order ? event.gateway_order_id : event.gateway_payment_id});
    event.paise = required_amount(
        parse_paise(by_order ? text_at(order, {"amount_paid"}) : text_at(payment, {"amount"})),
        "payment.amount");
    event.currency = required_text(by_order ? order : payment, {"currency"});
    event.error = state == PaymentState::failed ? error_of(payment) : "";
    seal_payment(event);
    return event;
}

WebhookEvent refund_event(const std::string& name, const json& payload) {
    const auto& refund = at_path(payload, {"refund", "entity"});
    const auto status = required_text(refund, {"status"});
    WebhookEvent event;
    event.name = name;
    event.refund_id = required_text(refund, {"id"});
    event.key = business_key({name, event.refund_id, status});
    event.gateway_payment_id = required_text(refund, {"payment_id"});
    event.gateway_order_id = text_at(payload, {"payment", "entity", "order_id"});
    event.paise = required_amount(parse_paise(text_at(refund, {"amount"})), "refund.amount");
    event.currency = required_text(refund, {"currency"});
    event.refund = status == "processed" ? RefundState::processed
                   : status == "failed"  ? RefundState::failed
                                         : RefundState::pending;
    seal_refund(event);
    return event;
}

}  // namespace

std::vector<WebhookEvent> parse_razorpay(const WebhookInput& input) {
    const auto body = parse_exact_json(input.body);
    const auto name = text_at(body, {"event"});
    const auto& payload = at_path(body, {"payload"});
    if (const auto state = state_of(name)) {
        return {payment_event(name, *state, payload)};
    }
    if (name.starts_with("refund.")) {
        return {refund_event(name, payload)};
    }
    return {unknown_event(name, "not an event that changes a payment")};
}

}  // namespace coupon
