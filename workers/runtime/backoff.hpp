// Doubling waits with jitter between attempts at something that is away.
#pragma once

#include <algorithm>
#include <random>

namespace coupon {

class Backoff {
  public:
    Backoff(int first_ms, int max_ms) : first_ms_(first_ms), max_ms_(max_ms), next_ms_(first_ms) {}

    // Milliseconds to wait before the next attempt: between half and all of the current step.
    int next_ms() {
        const int step = next_ms_;
        next_ms_ = std::min(max_ms_, next_ms_ * 2);
        return std::uniform_int_distribution<int>(step / 2, step)(random_);
    }

    [[nodiscard]] bool fresh() const noexcept { return next_ms_ == first_ms_; }
    void reset() noexcept { next_ms_ = first_ms_; }

  private:
    int first_ms_;
    int max_ms_;
    int next_ms_;
    std::minstd_rand random_{std::random_device{}()};
};

}  // namespace coupon
