// The clocks of the event loop's side.
#pragma once

#include <cstdint>
#include <ctime>

namespace coupon {

inline uint64_t read_clock_ns(clockid_t clock) noexcept {
    timespec now{};
    clock_gettime(clock, &now);
    return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

// For durations.
inline uint64_t monotonic_ns() noexcept { return read_clock_ns(CLOCK_MONOTONIC); }

// Never steps and goes on while the machine sleeps: for ages that processes share.
inline uint64_t boottime_ms() noexcept { return read_clock_ns(CLOCK_BOOTTIME) / 1'000'000; }

// Unix time.
inline uint64_t wall_ms() noexcept { return read_clock_ns(CLOCK_REALTIME) / 1'000'000; }

}  // namespace coupon
