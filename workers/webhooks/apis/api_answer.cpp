#include "webhooks/apis/api_answer.hpp"

#include <chrono>

#include "runtime/environment.hpp"
#include "runtime/retry_policy.hpp"
#include "webhooks/events/event.hpp"
#include "webhooks/events/exact_json.hpp"

namespace coupon {

std::string base_url(const std::string& name, const std::string& by_default) {
    auto url = environment_value(name).value_or(by_default);
    while (!url.empty() && url.back() == '/') {
        url.pop_back();
    }
    return url;
}

std::int64_t unix_now_s() {
    return std::chrono::duration_cast<std::chrono::seconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

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
