// The wall clock as Unix time.
#pragma once

#include <chrono>
#include <cstdint>

namespace coupon {

inline std::int64_t unix_now_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

inline std::int64_t unix_now_s() {
    return unix_now_ms() / 1000;
}

}  // namespace coupon
