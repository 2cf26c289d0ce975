// bKash, in the envelope of AWS SNS: the message is JSON in a text, amounts are decimal taka.
#include "core/webhook/sns.hpp"
#include "runtime/amount.hpp"
#include "webhooks/events/exact_json.hpp"
#include "webhooks/events/parse.hpp"

namespace coupon {
namespace {

WebhookEvent subscription_event(const SnsMessage& envelope) {
    WebhookEvent event;
    event.kind = EventKind::subscription;
    event.name = envelope.type_name;
    event.key = business_key({"subscription", envelope.message_id});
    event.digest = event_digest({envelope.topic_arn, envelope.subscribe_url});
    event.fields = {{"topic", envelope.topic_arn},
                    {"url", envelope.subscribe_url},
                    {"certificate_url", envelope.certificate_url}};
    return event;
}

WebhookEvent payment_event(const nlohmann::json& message) {
    const auto status = required_text(message, {"transactionStatus"});
    WebhookEvent event;
    event.name = "transaction." + status;
    if (status != "Completed") {
        return unknown_event(event.name, "not a completed transaction");
    }
    event.state = PaymentState::success;
    event.gateway_payment_id = required_text(message, {"trxID"});
    event.key = business_key({event.gateway_payment_id, status});
    event.gateway_order_id = text_at(message, {"merchantInvoiceNumber"});
    if (event.gateway_order_id.empty()) {
        return unknown_event(event.name, "the transaction names no invoice of ours");
    }
    event.paise = required_amount(parse_major_units(text_at(message, {"amount"})), "amount");
    event.currency = required_text(message, {"currency"});
    seal_payment(event);
    return event;
}

}  // namespace

std::vector<WebhookEvent> parse_bkash(const WebhookInput& input) {
    const auto envelope = parse_sns(input.body);
    if (!envelope) {
        throw MalformedEvent("the body is no message of SNS");
    }
    switch (envelope->type) {
        case SnsMessage::Type::subscription:
            return {subscription_event(*envelope)};
        case SnsMessage::Type::unsubscription:
            return {unknown_event(envelope->type_name, "the topic no longer sends to us")};
        case SnsMessage::Type::notification:
            break;
    }
    return {payment_event(parse_exact_json(envelope->message))};
}

}  // namespace coupon
