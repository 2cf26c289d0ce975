// Decides how many instances of a role should run. Knows neither systemd nor where jobs wait.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "couponctl/autoscale_settings.hpp"

namespace coupon {

struct PendingJobs {
    std::int64_t queued = 0;  // entries in Redis
    std::int64_t due = 0;     // rows in PostgreSQL whose time has come

    [[nodiscard]] std::int64_t total() const noexcept { return queued + due; }
};

struct ScalePlan {
    std::vector<int> start;
    std::vector<int> stop;  // in the order in which they are asked to end
    int low_readings = 0;   // to be remembered for the next reading
    std::string reason;     // without the role's name: "1204 pending, more than 1000"
};

// `running`: numbers of the instances that run, ascending. `low_readings`: how many readings in a
// row, before this one, were below limits.down; instances are stopped at `calm` of them.
ScalePlan plan_scaling(const ScaleLimits& limits, const PendingJobs& pending,
                       const std::vector<int>& running, int low_readings, int calm);

}  // namespace coupon
