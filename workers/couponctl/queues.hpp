// couponctl queues: what waits in Redis, who works on it, what is dead.
#pragma once

#include <ostream>

namespace coupon {

// One line per queue. Throws RedisUnavailable or ConfigError; and CommandError after the last line
// when PostgreSQL could not be asked for dead letters.
void show_queues(std::ostream& out);

}  // namespace coupon
