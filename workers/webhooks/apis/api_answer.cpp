#include "webhooks/apis/api_answer.hpp"

#include "runtime/clock.hpp"
#include "runtime/retry_policy.hpp"
#include "webhooks/events/event.hpp"
#include "webhooks/events/exact_json.hpp"

namespace coupon {

void require_answer(const HttpAnswer& answer, const char* provider) {
    const std::string who(provider);
    if (answer.outcome != HttpAnswer::Outcome::answered) {
        throw RetryLater(who + " does not answer: " + answer.error);
    }
    if (!answer.ok()) {
        const auto after = answer.header("retry-after");
        throw RetryLater(who + " answers " + std::to_string(answer.status),
                         after ? parse_retry_after(*after, unix_now_s()) : std::nullopt);
    }
}

nlohmann::json require_json(const HttpAnswer& answer, const char* provider) {
    require_answer(answer, provider);
    try {
        return parse_exact_json(answer.body);
    } catch (const MalformedEvent&) {
        throw RetryLater(std::string(provider) + " answers " + std::to_string(answer.status) +
                         " without JSON");
    }
}

}  // namespace coupon
