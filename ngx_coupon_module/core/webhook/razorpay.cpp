// Razorpay: lower-case hex of HMAC-SHA256 over the raw body. The event id's header is not signed, so
// it proves nothing; there is no time, so nothing goes stale.
#include "core/hex.hpp"
#include "core/hmac.hpp"
#include "core/webhook/check.hpp"
#include "core/webhook/providers.hpp"

namespace coupon {

WebhookCheck verify_razorpay(const WebhookSettings& settings, const WebhookRequest& request) {
    std::optional<WebhookCheck> problem;
    std::string_view signature = one_header(request, "x-razorpay-signature", problem);
    if (problem)
        return *problem;
    if (!is_hex_of(signature, 32))
        return refused(WebhookVerdict::malformed, "the signature is none");
    bool matched = false;
    for (const WebhookSecret& secret : settings.secrets) {
        std::string expected = hex_encode(as_text(hmac_sha256(secret.value, request.body)));
        matched |= constant_time_equal(expected, signature);
    }
    return matched ? accepted(WebhookTrust::body_signed)
                   : refused(WebhookVerdict::bad, "the signature is of another body or secret");
}

}  // namespace coupon
