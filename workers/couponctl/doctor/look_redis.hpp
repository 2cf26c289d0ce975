// Asks Redis; changes nothing there.
#pragma once

#include <optional>

#include "couponctl/doctor/judges/clock.hpp"
#include "couponctl/doctor/judges/redis.hpp"
#include "couponctl/doctor/judges/workers.hpp"

namespace coupon::doctor {

struct RedisLook {
    RedisFacts facts;
    std::optional<OtherClock> clock;
    WorkerFacts workers;  // those that run; which are needed for what waits in a queue
};

// Never throws for what Redis or REDIS_URL is like: that is a finding.
RedisLook look_at_redis();

}  // namespace coupon::doctor
