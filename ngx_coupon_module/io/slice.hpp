// How long a piece of housekeeping may hold the event loop before requests get their turn.
#pragma once

#include "clock.hpp"

#include <cstdint>

namespace coupon {

class Slice {
  public:
    static constexpr uint64_t kLength_ns = 500'000;

    bool over() const noexcept { return monotonic_ns() - started_ns_ >= kLength_ns; }

  private:
    uint64_t started_ns_ = monotonic_ns();
};

}  // namespace coupon
