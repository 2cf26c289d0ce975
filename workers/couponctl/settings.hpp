// What couponctl's commands connect to, from the environment.
#pragma once

#include "runtime/pg_connection.hpp"
#include "runtime/redis_connection.hpp"

namespace coupon {

// DATABASE_URL and REDIS_URL, each also as <NAME>_FILE. Throw ConfigError; nothing is connected
// yet.
PgConnection configured_postgres(int deadline_ms);
RedisConnection configured_redis(int timeout_ms);

}  // namespace coupon
