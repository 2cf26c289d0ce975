// SendGrid's events: ECDSA with P-256 and SHA-256 over the timestamp's text and the raw body.
#include "core/base64.hpp"
#include "core/webhook/check.hpp"
#include "core/webhook/ecdsa_key.hpp"
#include "core/webhook/providers.hpp"

namespace coupon {

namespace {

constexpr size_t kSignatureMaxBytes = 128;  // of base64; a DER pair of P-256 has at most 96

}  // namespace

WebhookCheck verify_sendgrid(const WebhookSettings& settings, const WebhookRequest& request) {
    std::optional<WebhookCheck> problem;
    std::string_view header =
        one_header(request, "x-twilio-email-event-webhook-signature", problem);
    std::string_view time =
        problem ? "" : one_header(request, "x-twilio-email-event-webhook-timestamp", problem);
    if (problem)
        return *problem;
    auto signature = header.size() <= kSignatureMaxBytes ? base64_decode(header) : std::nullopt;
    if (!signature || !splits_one_way(time, request.body))
        return refused(WebhookVerdict::malformed, "the signature or its time is none");
    std::string message;
    message.reserve(time.size() + request.body.size());
    message.append(time).append(request.body);
    bool matched = false;
    for (const WebhookSecret& key : settings.secrets)
        matched |= p256_signs(key.value, message, *signature);
    if (!matched)
        return refused(WebhookVerdict::bad, "the signature is of another body, time or key");
    return accepted_unless_stale(settings, request, time, WebhookTrust::body_signed);
}

std::string check_sendgrid_key(const WebhookSecret& secret) {
    return is_p256_key(secret.value) ? "" : "not a P-256 public key in base64";
}

}  // namespace coupon
