#include "webhooks/order_metrics.hpp"

#include <memory>

#include "runtime/pg_connection.hpp"

namespace coupon {
namespace {

constexpr int deadline_ms = 3000;

// One look per status: each has a small index of its own.
constexpr const char* waiting_sql =
    "SELECT count(*), COALESCE(extract(epoch FROM now() - min(created_at)), 0)::bigint FROM ("
    " SELECT created_at FROM outbox WHERE status = 'pending' AND order_id IS NOT NULL"
    " UNION ALL"
    " SELECT created_at FROM outbox WHERE status = 'processing' AND order_id IS NOT NULL"
    " UNION ALL"
    " SELECT created_at FROM outbox WHERE status = 'failed' AND order_id IS NOT NULL) open";

// The very expression of the index orders_in_review.
constexpr const char* review_sql =
    "SELECT count(*) FROM orders WHERE status::text = 'review'";

}  // namespace

void add_order_metrics(Metrics& metrics, const std::string& database_url) {
    const auto pg =
        std::make_shared<PgConnection>(database_url, "coupon-worker metrics", deadline_ms);
    metrics.add([pg](MetricsText& out) {
        const auto row = pg->execute(waiting_sql);
        out.gauge("coupon_order_calls_waiting",
                  "Calls about orders that are not done, dead letters included.",
                  static_cast<double>(row.number(0, 0)));
        out.gauge("coupon_order_calls_oldest_seconds", "Since the oldest of them was queued.",
                  static_cast<double>(row.number(0, 1)));
    });
    metrics.add([pg](MetricsText& out) {
        out.gauge("coupon_orders_in_review", "Orders that wait for a person's decision.",
                  static_cast<double>(pg->execute(review_sql).number(0, 0)));
    });
}

}  // namespace coupon
