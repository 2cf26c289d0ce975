#include "core/webhook/url_token.hpp"

#include "core/hmac.hpp"
#include "core/webhook/check.hpp"

namespace coupon {

std::optional<WebhookCheck> url_token_problem(const WebhookSettings& settings,
                                              const WebhookRequest& request) {
    std::string_view given = request.path.substr(request.path.rfind('/') + 1);
    if (given.empty())
        return refused(WebhookVerdict::missing, "the url ends without a token");
    bool matched = false;
    for (const std::string& token : settings.tokens)
        matched |= constant_time_equal(token, given);
    if (!matched)
        return refused(WebhookVerdict::bad, "the token is another");
    return std::nullopt;
}

}  // namespace coupon
