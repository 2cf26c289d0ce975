// Sums that the parts of Delivery share.
#pragma once

#include <cstdint>
#include <vector>

#include "core/multirange.hpp"

namespace coupon {

/// Clocks that step back make nothing old.
inline uint64_t elapsed(uint64_t now_ms, uint64_t since_ms) noexcept {
    return now_ms > since_ms ? now_ms - since_ms : 0;
}

inline uint64_t total(const std::vector<SeqRange>& ranges) noexcept {
    uint64_t sum = 0;
    for (const SeqRange& range : ranges) {
        sum += range.end - range.begin;
    }
    return sum;
}

}  // namespace coupon
