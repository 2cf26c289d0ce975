// bKash sends through AWS SNS. Who signed it is known only with the certificate, which the worker
// fetches: the edge keeps what could be ours and says unverified.
#include <algorithm>

#include "core/webhook/check.hpp"
#include "core/webhook/providers.hpp"
#include "core/webhook/sns.hpp"

namespace coupon {

WebhookCheck verify_bkash(const WebhookSettings& settings, const WebhookRequest& request) {
    auto message = parse_sns(request.body);
    if (!message)
        return refused(WebhookVerdict::malformed, "the body is no message of SNS");
    auto sent_ms = sns_time_ms(message->timestamp);
    if (!sent_ms)
        return refused(WebhookVerdict::malformed, "the timestamp is none");
    if (std::find(settings.topics.begin(), settings.topics.end(), message->topic_arn) ==
        settings.topics.end()) {
        return refused(WebhookVerdict::bad, "the topic is another");
    }
    if (!is_sns_certificate_url(message->certificate_url))
        return refused(WebhookVerdict::bad, "the certificate is not at SNS");
    if (!message->subscribe_url.empty() && !is_sns_url(message->subscribe_url))
        return refused(WebhookVerdict::bad, "the subscription is not at SNS");
    return accepted_unless_stale(settings, request, *sent_ms, WebhookTrust::unverified);
}

}  // namespace coupon
