#include "webhooks/trust.hpp"

#include "core/webhook/sns.hpp"

namespace coupon {
namespace {

constexpr std::string_view body_signed = "body-signed";

bool moves_money(const WebhookEvent& event) {
    return event.kind == EventKind::payment || event.kind == EventKind::refund;
}

EventResult refusal(std::string reason) {
    return {Outcome::refused, std::move(reason)};
}

std::string host_of(const std::string& url) {
    constexpr std::size_t scheme_bytes = 8;
    return url.substr(0, url.find('/', scheme_bytes));
}

std::optional<EventResult> unless(const Agreement& agreement) {
    if (agreement.agreed) {
        return std::nullopt;
    }
    return refusal(agreement.reason);
}

}  // namespace

std::optional<EventResult> Trust::authenticate(const WebhookInput& input) {
    if (input.provider != "bkash" || input.trust == body_signed) {
        return std::nullopt;
    }
    const auto message = parse_sns(input.body);
    if (!message) {
        return refusal("the body is no message of SNS");
    }
    if (!is_sns_certificate_url(message->certificate_url)) {
        return refusal("the certificate is not one of SNS");
    }
    const auto certificate = certificates_.get(message->certificate_url);
    if (!verify_sns(*message, certificate)) {
        return refusal("the signature is not the certificate's");
    }
    // Who confirms would call whatever address the message names.
    if (message->type == SnsMessage::Type::subscription &&
        (!is_sns_url(message->subscribe_url) ||
         host_of(message->subscribe_url) != host_of(message->certificate_url))) {
        return refusal("the subscription is not at the certificate's host");
    }
    return std::nullopt;
}

std::optional<EventResult> Trust::confirm(const WebhookInput& input, WebhookEvent& event) {
    if (!moves_money(event) || input.trust == body_signed) {
        return std::nullopt;
    }
    if (input.provider == "phonepe") {
        return unless(phonepe_.confirm(event));
    }
    if (input.provider == "sslcommerz") {
        // A failure moves no money, and a late success replaces it: the signed fields are enough.
        return event.state == PaymentState::success ? unless(sslcommerz_.confirm(event))
                                                    : std::nullopt;
    }
    if (input.provider == "bkash") {
        return BkashApi::configured() ? unless(bkash_.confirm(event)) : std::nullopt;
    }
    return refusal("not signed by its provider, which has no call to ask");
}

}  // namespace coupon
