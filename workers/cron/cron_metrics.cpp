#include "cron/cron_metrics.hpp"

#include <memory>

#include "runtime/pg_connection.hpp"

namespace coupon {
namespace {

constexpr int deadline_ms = 3000;

// A job that is off is not late; one that never ended well is as late as its schedule is old.
constexpr const char* jobs_sql =
    "SELECT name, greatest(extract(epoch FROM now() - COALESCE((SELECT finished_at FROM cron_runs"
    "   WHERE job = name AND status = 'completed' ORDER BY id DESC LIMIT 1), since)), 0)::bigint,"
    " COALESCE((SELECT status <> 'completed' FROM cron_runs"
    "   WHERE job = name AND finished_at IS NOT NULL ORDER BY id DESC LIMIT 1), false)::int,"
    " next_at IS NOT NULL FROM cron_jobs ORDER BY name";

constexpr const char* ledger_sql =
    "SELECT (result ->> 'problems')::bigint FROM cron_runs"
    " WHERE job = 'wallet_check' AND status = 'completed' ORDER BY id DESC LIMIT 1";

void add_jobs(MetricsText& out, PgConnection& pg) {
    const auto rows = pg.execute(jobs_sql);
    for (int row = 0; row < rows.rows(); ++row) {
        const auto job = rows.text(row, 0);
        if (rows.text(row, 3) == "t") {
            out.gauge("coupon_cron_last_success_age_seconds",
                      "Since a run of the job last ended well, or since its schedule holds.",
                      static_cast<double>(rows.number(row, 1)), {{"job", job}});
        }
        out.gauge("coupon_cron_last_failed", "1: the job's last run failed or was given up.",
                  static_cast<double>(rows.number(row, 2)), {{"job", job}});
    }
    const auto ledger = pg.execute(ledger_sql);
    if (ledger.rows() > 0) {
        out.gauge("coupon_ledger_problems",
                  "What the last comparison of wallets and ledger found wrong.",
                  static_cast<double>(ledger.number(0, 0)));
    }
}

}  // namespace

void add_cron_metrics(Metrics& metrics, const CronLeader& leader, const std::string& database_url) {
    metrics.add([&leader](MetricsText& out) {
        out.gauge("coupon_cron_leader", "1: this worker leads.", leader.leads() ? 1 : 0);
        for (const auto& desk : leader.desks()) {
            out.gauge("coupon_cron_running_seconds",
                      "Since the job's run began on this worker; 0: none runs.", desk->busy_for_s(),
                      {{"job", desk->job()}});
        }
    });
    const auto pg =
        std::make_shared<PgConnection>(database_url, "coupon-worker metrics", deadline_ms);
    metrics.add([pg](MetricsText& out) {
        double up = 0;
        try {
            add_jobs(out, *pg);
            up = 1;
        } catch (const PgError&) {
        }
        out.gauge("coupon_worker_postgres_up", "Whether PostgreSQL answers.", up);
    });
}

}  // namespace coupon
