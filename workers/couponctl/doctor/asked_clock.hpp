// Another machine's clock, by a question and its answer.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

#include "couponctl/doctor/judges/clock.hpp"

namespace coupon::doctor {

// `ask` returns that clock as Unix time in µs. Its answer is taken for the middle of the question's
// time.
template <class Ask>
OtherClock ask_clock(std::string whose, Ask ask) {
    const auto now_us = [] {
        return std::chrono::duration_cast<std::chrono::microseconds>(
                   std::chrono::system_clock::now().time_since_epoch())
            .count();
    };
    const std::int64_t before = now_us();
    const std::int64_t there = ask();
    const std::int64_t after = now_us();
    return {std::move(whose), there - (before + after) / 2, (after - before + 1) / 2};
}

}  // namespace coupon::doctor
