// Clicks carry the edge's clock, money and jobs PostgreSQL's: they should be one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "couponctl/doctor/judges/finding.hpp"

namespace coupon::doctor {

struct OtherClock {
    std::string whose;        // "PostgreSQL"
    std::int64_t ahead_us;    // of this machine's
    std::int64_t within_us;   // how well that is known: half of the question's time
};

struct ClockFacts {
    std::vector<OtherClock> others;
    std::optional<bool> synchronised;  // the kernel's word; nothing where it does not tell
    std::int64_t stepped_us = 0;       // how far the clock was set while the doctor looked
    std::string zone_failure;          // of COUPON_TZ; empty: the system knows it
    std::string zone;
};

Findings judge_clock(const ClockFacts& facts);

}  // namespace coupon::doctor
