// How fast one provider may be called, by all processes together: a GCRA in Redis under
// ratelimit:provider:<name>. A provider's own "too many" stops all of them until the time it says.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "core/gcra.hpp"
#include "runtime/backoff.hpp"
#include "runtime/log.hpp"
#include "runtime/redis_connection.hpp"

namespace coupon {

class ProviderLimit {
  public:
    // Without a rate only the provider's own word limits. Not safe for several threads.
    ProviderLimit(const RedisAddress& redis, std::string provider, std::optional<RateLimit> rate,
                  const Log& log);

    // How many of `wanted` calls may begin now. Redis away: this process keeps to the rate alone.
    int acquire(int wanted);
    // Of those, calls that were not made after all; any process may make them now.
    void put_back(int unused);
    // No process calls the provider for so long; at most an hour. A longer pause stays. Deleting
    // the key in Redis lifts it.
    void stop_for(std::chrono::milliseconds pause);
    // After acquire() gave less than was wanted: until it is worth asking again.
    [[nodiscard]] std::chrono::milliseconds wait() const noexcept { return wait_; }

  private:
    using Clock = std::chrono::steady_clock;

    int acquire_shared(int wanted);
    int acquire_alone(int wanted, Clock::time_point now);
    void share_pause(Clock::time_point now);
    void set_wait(std::chrono::microseconds for_one, int missing);
    // Whether `ask` got an answer; after a failure Redis is left alone for a while.
    bool ask_redis(const std::function<void()>& ask);
    [[nodiscard]] std::string interval_us() const;

    RedisConnection redis_;
    const std::string provider_;
    const std::string key_;
    const std::optional<RateLimit> rate_;
    const Log& log_;
    std::chrono::milliseconds wait_{0};

    // What holds without Redis, and what this process knows of the pause.
    std::uint64_t own_tat_ns_ = 0;
    Clock::time_point paused_until_{};
    bool pause_shared_ = true;
    Clock::time_point pause_due_{};

    Backoff backoff_{500, 10'000};
    Clock::time_point redis_due_{};
};

// <NAME>_RATE from the environment ("100r/s", "600r/m"), of a provider `name` in lower case. Throws
// ConfigError that names the variable.
std::optional<RateLimit> configured_provider_rate(const std::string& name);

}  // namespace coupon
