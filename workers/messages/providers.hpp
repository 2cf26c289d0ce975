// The providers of one channel as this process may call them right now: whether they work, and how
// many calls the shared limits leave.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "messages/message_channel.hpp"
#include "runtime/circuit_breaker.hpp"
#include "runtime/log.hpp"
#include "runtime/provider_limit.hpp"

namespace coupon {

class Providers {
  public:
    using Clock = std::chrono::steady_clock;

    Providers(const std::vector<MessageProvider>& providers, const RedisAddress& redis,
              const Log& log);

    // How many messages may begin, of `wanted`, with calls of the first provider that works and is
    // not stopped for long. Nothing: none may now; wait() says for how long.
    int acquire(int wanted);
    [[nodiscard]] std::chrono::milliseconds wait() const noexcept { return wait_; }

    // Whether its breaker lets a call through.
    [[nodiscard]] bool works(std::size_t provider) const;
    // The first of a message's candidates that works and has a call for it, which is thereby used;
    // nothing: none has, for about wait().
    std::optional<std::size_t> choose(const std::vector<std::size_t>& candidates);
    // A chosen call that was not made after all.
    void unused(std::size_t provider);
    // The calls acquired and not chosen serve the next acquire().
    void put_back();

    void begun(std::size_t provider);
    // How a call or an inquiry ended; a throttled one stops all processes.
    void ended(std::size_t provider, const SendOutcome& outcome);
    void undecided(std::size_t provider);

    [[nodiscard]] const std::string& name(std::size_t provider) const;
    [[nodiscard]] std::optional<std::size_t> find(const std::string& name) const;
    [[nodiscard]] std::size_t size() const noexcept { return providers_.size(); }
    // From any thread.
    [[nodiscard]] bool is_open(std::size_t provider) const;

  private:
    struct Provider {
        Provider(const MessageProvider& its, const RedisAddress& redis, const Log& log)
            : name(its.name),
              in_flight_max(its.in_flight_max),
              limit(redis, its.name, its.rate, log) {}

        const std::string name;
        const int in_flight_max;
        ProviderLimit limit;
        CircuitBreaker breaker;
        int in_flight = 0;                  // begun and not ended
        int granted = 0;                    // acquired, not chosen yet
        Clock::time_point refused_until{};  // the limit gave nothing, and is not asked before then
        bool stopped = false;               // …and will give nothing for long
        std::atomic<bool> open{false};
    };
    enum class Grant : std::uint8_t { given, soon, not_soon };

    // As many as its breaker and its limit allow; they count as granted.
    Grant acquire(Provider& provider, int wanted, Clock::time_point now);
    void note_state(Provider& provider);

    const Log& log_;
    std::deque<Provider> providers_;
    std::chrono::milliseconds wait_{0};
};

}  // namespace coupon
