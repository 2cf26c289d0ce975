// SIGTERM and SIGINT as a flag that ends every wait of the main thread at once.
#pragma once

namespace coupon {

// One per process: the handlers are installed for its life. Threads started later inherit the
// default mask; the wake-up is an eventfd, so it does not matter which thread the signal reaches.
class StopSignal {
  public:
    StopSignal();
    ~StopSignal();
    StopSignal(const StopSignal&) = delete;
    StopSignal& operator=(const StopSignal&) = delete;

    // Asking is a round of the caller's loop where that is watched (watched_loop.hpp).
    [[nodiscard]] bool requested() const noexcept;

    // Returns after `ms` milliseconds, or sooner once a stop is requested.
    void sleep_ms(int ms) const noexcept;
};

}  // namespace coupon
