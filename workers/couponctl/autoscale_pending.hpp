// How many jobs of a role wait: in Redis, and as rows whose time has come.
#pragma once

#include <string>

#include "couponctl/autoscale_plan.hpp"
#include "runtime/pg_connection.hpp"
#include "runtime/redis_connection.hpp"

namespace coupon {

class PendingCounter {
  public:
    // From REDIS_URL and DATABASE_URL. Throws ConfigError.
    PendingCounter();

    // Throws RedisUnavailable, RedisRefused or PgError.
    PendingJobs count(const std::string& role);

  private:
    RedisConnection redis_;
    PgConnection pg_;
};

}  // namespace coupon
