// Stops calling a provider that does not work, and tries it again with a single call.
#pragma once

#include <chrono>
#include <cstdint>

namespace coupon {

// Closed → (failures in a row) open → (pause over) one probe → closed, or open for twice as long.
class CircuitBreaker {
  public:
    using Clock = std::chrono::steady_clock;
    enum class State : std::uint8_t { closed, open, probing };

    explicit CircuitBreaker(int failures_max = 5,
                            std::chrono::milliseconds pause = std::chrono::seconds(5),
                            std::chrono::milliseconds pause_max = std::chrono::minutes(1));

    // How many of `wanted` calls may begin now: all, one as a probe, or none. A call that begins must
    // be followed by begun(), and its end by one of the other three.
    [[nodiscard]] int allows(int wanted, Clock::time_point now) const noexcept;
    void begun() noexcept;
    void succeeded() noexcept;
    void failed(Clock::time_point now) noexcept;
    // It ended without telling anything about the provider.
    void undecided() noexcept;

    [[nodiscard]] State state(Clock::time_point now) const noexcept;
    // When an open breaker lets a probe through.
    [[nodiscard]] Clock::time_point opens_at() const noexcept { return probe_at_; }

  private:
    const int failures_max_;
    const std::chrono::milliseconds pause_first_, pause_max_;
    int failures_ = 0;
    bool open_ = false;
    bool probe_under_way_ = false;
    std::chrono::milliseconds pause_;
    Clock::time_point probe_at_{};
};

}  // namespace coupon
