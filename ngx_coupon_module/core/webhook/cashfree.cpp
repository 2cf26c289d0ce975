// Cashfree: base64 of HMAC-SHA256 over the timestamp's text and the raw body, nothing in between.
#include "core/base64.hpp"
#include "core/hmac.hpp"
#include "core/webhook/check.hpp"
#include "core/webhook/providers.hpp"

namespace coupon {

WebhookCheck verify_cashfree(const WebhookSettings& settings, const WebhookRequest& request) {
    std::optional<WebhookCheck> problem;
    std::string_view signature = one_header(request, "x-webhook-signature", problem);
    if (problem)
        return *problem;
    std::string_view time = one_header(request, "x-webhook-timestamp", problem);
    if (problem)
        return *problem;
    if (!is_base64_of(signature, 32) || !splits_one_way(time, request.body))
        return refused(WebhookVerdict::malformed, "the signature or its time is none");
    std::string message;
    message.reserve(time.size() + request.body.size());
    message.append(time).append(request.body);
    bool matched = false;
    for (const WebhookSecret& secret : settings.secrets) {
        std::string expected = base64_encode(as_text(hmac_sha256(secret.value, message)));
        matched |= constant_time_equal(expected, signature);
    }
    if (!matched)
        return refused(WebhookVerdict::bad, "the signature is of another body, time or secret");
    return accepted_unless_stale(settings, request, time, WebhookTrust::body_signed);
}

}  // namespace coupon
