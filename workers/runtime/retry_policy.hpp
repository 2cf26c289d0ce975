// When a job that failed is tried again.
#pragma once

#include <chrono>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>

namespace coupon {

// n⁴ + 15 s + up to 10 (n + 1) s of jitter after the n-th failed attempt (1, 2, …), as Sidekiq
// waits; 17 attempts are about three days.
inline constexpr int attempts_max = 17;
std::chrono::milliseconds retry_delay(int failed_attempts, std::minstd_rand& random);

// Retry-After, in seconds or as an HTTP date, from `now_s`; nothing when it is neither. At most a day.
std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view value, long long now_s);

// How a piece of work ends that did not succeed. Anything else thrown is retried as well.
class RetryLater : public std::runtime_error {
  public:
    explicit RetryLater(const std::string& why,
                        std::optional<std::chrono::milliseconds> after = std::nullopt)
        : std::runtime_error(why), after_(after) {}
    [[nodiscard]] std::optional<std::chrono::milliseconds> after() const noexcept { return after_; }

  private:
    std::optional<std::chrono::milliseconds> after_;
};

// Trying again cannot help: a dead letter at once.
class PermanentFailure : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

}  // namespace coupon
