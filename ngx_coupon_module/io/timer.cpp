#include "io/timer.hpp"

#include "io/log_line.hpp"

#include <utility>

namespace coupon {

Timer::Timer(ngx_log_t* log, AtExit at_exit, std::function<void()> on_expire)
    : on_expire_(std::move(on_expire)) {
    event_.data = this;
    event_.log = log;
    event_.handler = expired;
    event_.cancelable = at_exit == AtExit::cancelable;
}

void Timer::start(ngx_msec_t delay_ms) noexcept {
    // ngx_add_timer keeps a timer that is set to about the same time; ours is exact.
    stop();
    ngx_add_timer(&event_, delay_ms);
}

void Timer::stop() noexcept {
    if (event_.timer_set) {
        ngx_del_timer(&event_);
    }
}

void Timer::expired(ngx_event_t* event) noexcept {
    auto* timer = static_cast<Timer*>(event->data);
    run_guarded(event->log, "timer", timer->on_expire_);
}

}  // namespace coupon
