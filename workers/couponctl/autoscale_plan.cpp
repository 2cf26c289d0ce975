#include "couponctl/autoscale_plan.hpp"

#include <algorithm>

namespace coupon {
namespace {

std::string reading(const PendingJobs& pending) {
    return std::to_string(pending.total()) + " pending (" + std::to_string(pending.queued) +
           " in Redis, " + std::to_string(pending.due) + " due rows)";
}

}  // namespace

ScalePlan plan_scaling(const ScaleLimits& limits, const PendingJobs& pending,
                       const std::vector<int>& running, int low_readings, int calm) {
    ScalePlan plan;
    const auto now = static_cast<int>(running.size());
    int wanted = std::clamp(now, limits.min, limits.max);
    plan.reason = reading(pending);
    if (pending.total() > limits.up) {
        wanted = limits.max;
        plan.reason += ", more than " + std::to_string(limits.up);
    } else if (pending.total() >= limits.down) {
        plan.reason += ", from " + std::to_string(limits.down) + " to " + std::to_string(limits.up);
    } else {
        plan.low_readings = std::min(low_readings + 1, calm);
        plan.reason += ", fewer than " + std::to_string(limits.down);
        if (plan.low_readings >= calm) {
            wanted = limits.min;
        } else if (wanted > limits.min) {
            plan.reason += " in " + std::to_string(plan.low_readings) + " of " +
                           std::to_string(calm) + " readings";
        }
    }
    if (now < limits.min) {
        plan.reason += ", and at least " + std::to_string(limits.min) + " should run";
    } else if (now > limits.max) {
        plan.reason += ", and at most " + std::to_string(limits.max) + " should run";
    }
    for (int number = 1; now + static_cast<int>(plan.start.size()) < wanted; ++number) {
        if (!std::binary_search(running.begin(), running.end(), number)) {
            plan.start.push_back(number);
        }
    }
    for (auto last = running.rbegin(); now - static_cast<int>(plan.stop.size()) > wanted; ++last) {
        plan.stop.push_back(*last);
    }
    return plan;
}

}  // namespace coupon
