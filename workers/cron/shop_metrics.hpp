// What the shop as a whole looks like, for whoever scrapes the cron worker.
#pragma once

#include <cstdint>
#include <string>

#include "runtime/metrics.hpp"
#include "runtime/pg_connection.hpp"
#include "runtime/redis_address.hpp"

namespace coupon {

struct UnfulfilledOrders {
    std::int64_t orders = 0;
    std::int64_t oldest_s = 0;  // since the oldest was paid
};

// Paid more than 15 minutes ago, and not fulfilled. Throws PgError.
UnfulfilledOrders count_unfulfilled(PgConnection& pg);

// coupon_clicks_missing, coupon_clicks_pending, coupon_orders_unfulfilled and
// coupon_orders_unfulfilled_oldest_seconds; coupon_workers_alive by role. What cannot be asked for
// is left out.
void add_shop_metrics(Metrics& metrics, const std::string& database_url, const RedisAddress& redis);

}  // namespace coupon
