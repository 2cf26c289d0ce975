#include "cron/shop_metrics.hpp"

#include <map>
#include <memory>

#include "operations/click_totals.hpp"
#include "operations/redis_state.hpp"
#include "operations/worker_roles.hpp"
#include "runtime/redis_connection.hpp"

namespace coupon {
namespace {

constexpr int postgres_deadline_ms = 3000;
constexpr int redis_timeout_ms = 1000;

constexpr const char* orders_sql =
    "SELECT count(*), COALESCE(max(extract(epoch FROM now() - updated_at)), 0)::bigint"
    " FROM orders WHERE status::text = 'processing' AND payment_status::text = 'completed'"
    " AND updated_at < now() - interval '15 minutes'";

constexpr const char* roles_sql =
    "SELECT role FROM roles_seen WHERE seen_at > now() - interval '7 days'";

void add_database(MetricsText& out, PgConnection& pg) {
    const auto clicks = read_click_totals(pg);
    out.gauge("coupon_clicks_missing", "Clicks that were redirected and are not stored.",
              static_cast<double>(clicks.missing));
    out.gauge("coupon_clicks_pending", "Clicks of all edges that are not settled yet.",
              static_cast<double>(clicks.pending));
    const auto orders = count_unfulfilled(pg);
    out.gauge("coupon_orders_unfulfilled",
              "Orders that were paid more than 15 minutes ago and are not fulfilled.",
              static_cast<double>(orders.orders));
    out.gauge("coupon_orders_unfulfilled_oldest_seconds", "Since the oldest of them changed.",
              static_cast<double>(orders.oldest_s));
}

void add_workers(MetricsText& out, PgConnection& pg, RedisConnection& redis) {
    std::map<std::string, int> alive;
    const auto seen = pg.execute(roles_sql);
    for (int row = 0; row < seen.rows(); ++row) {
        alive[std::string(seen.text(row, 0))] = 0;
    }
    for (const auto& worker : read_heartbeats(redis)) {
        alive[worker.role] += worker.alive ? 1 : 0;
    }
    for (const auto role : worker_roles) {
        if (const auto found = alive.find(std::string(role)); found != alive.end()) {
            out.gauge("coupon_workers_alive",
                      "Workers with a heartbeat, of each role that was there within a week.",
                      found->second, {{"role", role}});
        }
    }
}

}  // namespace

UnfulfilledOrders count_unfulfilled(PgConnection& pg) {
    const auto row = pg.execute(orders_sql);
    return {row.number(0, 0), row.number(0, 1)};
}

void add_shop_metrics(Metrics& metrics, const std::string& database_url,
                      const RedisAddress& redis) {
    const auto pg =
        std::make_shared<PgConnection>(database_url, "coupon-worker metrics", postgres_deadline_ms);
    metrics.add([pg](MetricsText& out) { add_database(out, *pg); });
    const auto connection = std::make_shared<RedisConnection>(redis, redis_timeout_ms);
    metrics.add([pg, connection](MetricsText& out) { add_workers(out, *pg, *connection); });
}

}  // namespace coupon
