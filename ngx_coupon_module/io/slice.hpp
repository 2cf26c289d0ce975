// How long a piece of housekeeping may hold the event loop before requests get their turn.
#pragma once

#include "clock.hpp"

#include <cstdint>

namespace coupon {

class Slice {
  public:
    // A quarter of what is promised: a turn of the loop also takes in what the slice works on, and the
    // machine may do something else meanwhile.
    static constexpr uint64_t kLength_ns = 250'000;

    bool over() const noexcept { return monotonic_ns() - started_ns_ >= kLength_ns; }

  private:
    uint64_t started_ns_ = monotonic_ns();
};

}  // namespace coupon
