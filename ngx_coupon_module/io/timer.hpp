// A one-shot timer of NGINX's event loop that runs a C++ function and goes away with its owner.
#pragma once

#include "nginx.hpp"

#include <functional>

namespace coupon {

class Timer {
  public:
    // A quitting worker waits for timers that hold it, and for no other.
    enum class AtExit { cancelable, holds_worker };

    Timer(ngx_log_t* log, AtExit at_exit, std::function<void()> on_expire);
    ~Timer() { stop(); }
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    // Fires once, `delay_ms` from the start of this turn of the loop; a running timer starts anew.
    void start(ngx_msec_t delay_ms) noexcept;
    void stop() noexcept;
    bool running() const noexcept { return event_.timer_set; }

  private:
    static void expired(ngx_event_t* event) noexcept;

    ngx_event_t event_{};
    std::function<void()> on_expire_;
};

}  // namespace coupon
