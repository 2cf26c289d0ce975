// MSG91's delivery reports: nothing is signed, and the body has had three shapes, so the edge takes
// any and leaves it to the reader.
#include "core/webhook/check.hpp"
#include "core/webhook/providers.hpp"
#include "core/webhook/url_token.hpp"

namespace coupon {

WebhookCheck verify_msg91(const WebhookSettings& settings, const WebhookRequest& request) {
    if (auto problem = url_token_problem(settings, request))
        return *problem;
    if (request.body.empty())
        return refused(WebhookVerdict::malformed, "no report in the body");
    return accepted(WebhookTrust::token_only);
}

}  // namespace coupon
