#include "couponctl/settings.hpp"

#include "runtime/environment.hpp"

namespace coupon {

PgConnection configured_postgres(int deadline_ms) {
    return {required_environment("DATABASE_URL", "where PostgreSQL is"), "couponctl", deadline_ms};
}

RedisConnection configured_redis(int timeout_ms) {
    return {parse_redis_url(required_environment("REDIS_URL", "where Redis is")), timeout_ms};
}

}  // namespace coupon
