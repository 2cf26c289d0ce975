// couponctl queues: what waits in Redis, who works on it, what is dead.
#pragma once

#include <ostream>

namespace coupon {

// One line per queue. Throws RedisUnavailable, PgError or ConfigError.
void show_queues(std::ostream& out);

}  // namespace coupon
