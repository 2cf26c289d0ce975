// Calls to one network: at its rate, with the answers that every network gives sorted out.
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "cashback/networks/record_slices.hpp"
#include "runtime/http_client.hpp"
#include "runtime/log.hpp"
#include "runtime/provider_limit.hpp"

namespace coupon {

class NetworkCall {
  public:
    // `name` as in ratelimit:provider:<name>, `who` as people say it. After a 503 nobody calls for
    // `pause_after_503` at least.
    NetworkCall(std::string name, std::string who, const RedisAddress& redis,
                std::optional<RateLimit> rate, std::chrono::milliseconds pause_after_503,
                const Log& log);

    // Waits for its turn for a few seconds at most. The answer is 2xx or 4xx; throws RetryLater
    // where there is none, or it is 408, 429 or 5xx (after Retry-After where it is given),
    // PermanentFailure where it is a redirect.
    HttpAnswer send(HttpRequest request);

    // Nobody calls this network for so long (Retry-After where the answer has it and it is more).
    [[noreturn]] void slow_down(const HttpAnswer& answer, const std::string& why,
                                std::chrono::milliseconds at_least);

    [[nodiscard]] const std::string& who() const noexcept { return who_; }

  private:
    void wait_for_turn();

    const std::string who_;
    const std::chrono::milliseconds pause_after_503_;
    ProviderLimit limit_;
    HttpClient http_;
};

// A 2xx answer as a page with records at `path` and the JSON around them. Throws PermanentFailure
// where it is something else, which names `variable` as the one to look at.
struct AnsweredPage {
    SlicedPage sliced;  // points into the answer's body
    nlohmann::json rest;
};
AnsweredPage answered_page(const HttpAnswer& answer, const std::string& who,
                           const std::string& path, const std::string& variable);

// A whole number that is not negative; nothing for anything else.
std::optional<std::int64_t> whole_number(const std::string& text);

}  // namespace coupon
