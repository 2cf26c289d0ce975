#include "runtime/circuit_breaker.hpp"

#include <algorithm>

namespace coupon {

CircuitBreaker::CircuitBreaker(int failures_max, std::chrono::milliseconds pause,
                               std::chrono::milliseconds pause_max)
    : failures_max_(failures_max), pause_first_(pause), pause_max_(pause_max), pause_(pause) {}

int CircuitBreaker::allows(int wanted, Clock::time_point now) const noexcept {
    switch (state(now)) {
        case State::closed:
            return wanted;
        case State::open:
            return 0;
        case State::probing:
            return probe_under_way_ ? 0 : std::min(wanted, 1);
    }
    return 0;
}

void CircuitBreaker::begun() noexcept {
    probe_under_way_ = open_;
}

void CircuitBreaker::succeeded() noexcept {
    open_ = false;
    probe_under_way_ = false;
    failures_ = 0;
    pause_ = pause_first_;
}

void CircuitBreaker::failed(Clock::time_point now) noexcept {
    if (!open_) {
        if (++failures_ < failures_max_) {
            return;
        }
        open_ = true;
        pause_ = pause_first_;
    } else if (probe_under_way_) {
        pause_ = std::min(pause_ * 2, pause_max_);
    } else {
        // One of the calls that were under way when it opened: says nothing new.
        return;
    }
    probe_under_way_ = false;
    probe_at_ = now + pause_;
}

void CircuitBreaker::undecided() noexcept {
    probe_under_way_ = false;
}

CircuitBreaker::State CircuitBreaker::state(Clock::time_point now) const noexcept {
    if (!open_) {
        return State::closed;
    }
    return probe_under_way_ || now >= probe_at_ ? State::probing : State::open;
}

}  // namespace coupon
