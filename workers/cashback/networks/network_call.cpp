#include "cashback/networks/network_call.hpp"

#include <algorithm>
#include <charconv>
#include <thread>

#include "runtime/clock.hpp"
#include "runtime/retry_policy.hpp"

namespace coupon {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr milliseconds patience = 60s;
constexpr milliseconds turn_patience = 10s;
constexpr milliseconds too_many_pause = 60s;
constexpr std::size_t page_bytes_max = 64 << 20;

std::optional<milliseconds> wait_of(const HttpAnswer& answer) {
    const auto after = answer.header("retry-after");
    return after ? parse_retry_after(*after, unix_now_s()) : std::nullopt;
}

}  // namespace

NetworkCall::NetworkCall(std::string name, std::string who, const RedisAddress& redis,
                         std::optional<RateLimit> rate, milliseconds pause_after_503,
                         const Log& log)
    : who_(std::move(who)),
      pause_after_503_(pause_after_503),
      limit_(redis, std::move(name), rate, log) {}

void NetworkCall::wait_for_turn() {
    const auto give_up = std::chrono::steady_clock::now() + turn_patience;
    while (limit_.acquire(1) == 0) {
        const auto wait = limit_.wait();
        if (std::chrono::steady_clock::now() + wait > give_up) {
            throw RetryLater(who_ + " must not be called yet: its limit is used up", wait);
        }
        std::this_thread::sleep_for(wait);
    }
}

HttpAnswer NetworkCall::send(HttpRequest request) {
    wait_for_turn();
    request.timeout = patience;
    request.answer_max_bytes = page_bytes_max;
    auto answer = http_.send(request);
    if (answer.outcome != HttpAnswer::Outcome::answered) {
        throw RetryLater(who_ + " does not answer: " + answer.error);
    }
    const auto said = who_ + " answers " + std::to_string(answer.status);
    if (answer.status == 429) {
        slow_down(answer, said, too_many_pause);
    }
    if (answer.status == 503) {
        slow_down(answer, said, pause_after_503_);
    }
    if (answer.status >= 500 || answer.status == 408) {
        throw RetryLater(said, wait_of(answer));
    }
    if (!answer.ok() && answer.status < 400) {
        throw PermanentFailure(said + ", a redirect: check its address");
    }
    return answer;
}

void NetworkCall::slow_down(const HttpAnswer& answer, const std::string& why,
                            milliseconds at_least) {
    const auto pause = std::max(wait_of(answer).value_or(0ms), at_least);
    limit_.stop_for(pause);
    throw RetryLater(why, pause > 0ms ? std::optional(pause) : std::nullopt);
}

AnsweredPage answered_page(const HttpAnswer& answer, const std::string& who,
                           const std::string& path, const std::string& variable) {
    AnsweredPage page{slice_records(answer.body, path), {}};
    auto rest = read_mended_json(page.sliced.rest);
    if (!rest || !rest->is_object()) {
        throw PermanentFailure(who + " answers " + std::to_string(answer.status) +
                               " without its JSON: check " + variable);
    }
    page.rest = *std::move(rest);
    return page;
}

std::optional<std::int64_t> whole_number(const std::string& text) {
    std::int64_t number = 0;
    const auto* end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc() || stopped != end || number < 0) {
        return std::nullopt;
    }
    return number;
}

}  // namespace coupon
