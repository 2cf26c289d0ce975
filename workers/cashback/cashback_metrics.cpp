#include "cashback/cashback_metrics.hpp"

#include <memory>

#include "runtime/pg_connection.hpp"

namespace coupon {
namespace {

constexpr int deadline_ms = 3000;

constexpr const char* age_sql =
    "SELECT network, extract(epoch FROM now() - max(finished_at))::bigint FROM network_runs"
    " WHERE cause IN ('schedule', 'daily') AND error IS NULL AND finished_at IS NOT NULL"
    " GROUP BY network";

constexpr const char* unmatched_sql =
    "SELECT count(*) FROM affiliate_transactions"
    " WHERE unmatched IS NOT NULL AND first_seen_at > now() - interval '1 day'";

constexpr const char* pending_sql =
    "SELECT count(*) FROM affiliate_transactions WHERE processed < version";

}  // namespace

void add_cashback_metrics(Metrics& metrics, const std::string& database_url) {
    const auto pg =
        std::make_shared<PgConnection>(database_url, "coupon-worker metrics", deadline_ms);
    metrics.add([pg](MetricsText& out) {
        const auto rows = pg->execute(age_sql);
        for (int row = 0; row < rows.rows(); ++row) {
            out.gauge("coupon_cashback_run_age_seconds",
                      "Since a scheduled run over the network last ended well.",
                      static_cast<double>(rows.number(row, 1)), {{"network", rows.text(row, 0)}});
        }
    });
    metrics.add([pg](MetricsText& out) {
        out.gauge("coupon_cashback_unmatched",
                  "Transactions of the last day that are nobody's, or nobody's yet.",
                  static_cast<double>(pg->execute(unmatched_sql).number(0, 0)));
    });
    metrics.add([pg](MetricsText& out) {
        out.gauge("coupon_cashback_effects_pending",
                  "Changed transactions that have not had their effect.",
                  static_cast<double>(pg->execute(pending_sql).number(0, 0)));
    });
}

}  // namespace coupon
