// How many instances of each role there may be, and at how many pending jobs that changes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace coupon {

struct ScaleLimits {
    int min = 2;              // instances, always at least
    int max = 5;              // instances, never more
    std::int64_t up = 1000;   // pending jobs above which all of them run
    std::int64_t down = 100;  // pending jobs below which the fewest do
};

struct ScaledRole {
    std::string name;
    ScaleLimits limits;
};

// The roles named, or, where none is, those that have an AUTOSCALE_<ROLE>="min max up down" in the
// environment. A named role without one has the defaults. Throws ConfigError for a role that is not
// scaled, for limits that make no sense, and for an AUTOSCALE_ variable nobody reads.
std::vector<ScaledRole> configured_scaling(const std::vector<std::string>& named);

}  // namespace coupon
