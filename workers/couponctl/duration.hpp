// Durations as people read them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

namespace coupon {

// The two largest units: 850ms, 12s, 3m12s, 5h07m, 2d04h. A negative one, from clocks that differ,
// reads as 0ms.
inline std::string duration_text(std::int64_t ms) {
    const auto two = [](std::int64_t big, const char* big_unit, std::int64_t small,
                        const char* small_unit) {
        return std::to_string(big) + big_unit + (small < 10 ? "0" : "") + std::to_string(small) +
               small_unit;
    };
    const std::int64_t s = ms / 1000;
    if (s < 1) {
        return std::to_string(std::max<std::int64_t>(ms, 0)) + "ms";
    }
    if (s < 60) {
        return std::to_string(s) + "s";
    }
    if (s < 3600) {
        return two(s / 60, "m", s % 60, "s");
    }
    if (s < 86400) {
        return two(s / 3600, "h", s % 3600 / 60, "m");
    }
    return two(s / 86400, "d", s % 86400 / 3600, "h");
}

}  // namespace coupon
