#include <array>

#include "cron/alerts/alert_checks.hpp"
#include "cron/shop_metrics.hpp"
#include "operations/click_totals.hpp"

namespace coupon {
namespace {

constexpr int wait_s_max = 600;

constexpr std::array<const char*, 5> job_tables = {"webhook_logs", "outbox", "email_queue",
                                                   "sms_queue", "cashback_jobs"};

// New dead letters of the last hour, and how long the oldest job that is due has waited.
std::string table_sql(const std::string& table) {
    return "SELECT (SELECT count(*) FROM " + table +
           " WHERE status = 'failed' AND finished_at > now() - interval '1 hour'),"
           " COALESCE((SELECT extract(epoch FROM now() - min(scheduled_at))::bigint FROM " +
           table + " WHERE status = 'pending' AND scheduled_at <= now()), 0)";
}

constexpr const char* ledger_sql =
    "SELECT (result ->> 'problems')::bigint FROM cron_runs"
    " WHERE job = 'wallet_check' AND status = 'completed' ORDER BY id DESC LIMIT 1";

constexpr const char* runs_sql =
    "SELECT DISTINCT ON (job) job, status FROM cron_runs JOIN cron_jobs ON name = job"
    " WHERE finished_at > now() - interval '8 days' AND job <> 'alerts' AND next_at IS NOT NULL"
    " ORDER BY job, id DESC";

constexpr const char* posts_sql =
    "SELECT COALESCE(extract(epoch FROM now() - min(created_at))::bigint, 0) FROM alert_posts";

void look_at_tables(PgConnection& pg, int dead_an_hour, std::vector<Alert>& alerts) {
    for (const std::string table : job_tables) {
        const auto row = pg.execute(table_sql(table).c_str());
        if (row.number(0, 0) >= dead_an_hour) {
            alerts.push_back({"dead_letters", table,
                              std::to_string(row.number(0, 0)) + " jobs of " + table +
                                  " became dead letters within an hour; see the dashboard"});
        }
        if (row.number(0, 1) > wait_s_max) {
            alerts.push_back({"jobs_waiting", table,
                              "the oldest job of " + table + " has waited for " +
                                  std::to_string(row.number(0, 1) / 60) +
                                  " minutes; does its worker run, does its provider answer?"});
        }
    }
}

void look_at_orders(PgConnection& pg, std::vector<Alert>& alerts) {
    const auto waiting = count_unfulfilled(pg);
    if (waiting.orders > 0) {
        alerts.push_back(
            {"orders_unfulfilled", "",
             std::to_string(waiting.orders) + " paid orders are not fulfilled, the oldest for " +
                 std::to_string(waiting.oldest_s / 60) + " minutes; see couponctl orders stuck"});
    }
}

void look_at_ledger(PgConnection& pg, std::vector<Alert>& alerts) {
    const auto row = pg.execute(ledger_sql);
    if (row.rows() > 0 && row.number(0, 0) > 0) {
        alerts.push_back({"ledger_difference", "",
                          std::to_string(row.number(0, 0)) +
                              " things of the wallets do not add up; see couponctl wallet verify"});
    }
}

void look_at_runs(PgConnection& pg, std::vector<Alert>& alerts) {
    const auto rows = pg.execute(runs_sql);
    for (int row = 0; row < rows.rows(); ++row) {
        if (rows.text(row, 1) != "completed") {
            const std::string job(rows.text(row, 0));
            alerts.push_back(
                {"cron_failed", job,
                 "the last run of " + job + " failed; see couponctl cron history " + job});
        }
    }
}

void look_at_posts(PgConnection& pg, std::vector<Alert>& alerts) {
    const auto waiting_s = pg.execute(posts_sql).number(0, 0);
    if (waiting_s > wait_s_max) {
        alerts.push_back({"alerts_untold", "",
                          "ALERT_WEBHOOK_URL has not taken an alert for " +
                              std::to_string(waiting_s / 60) +
                              " minutes; see couponctl cron history alerts"});
    }
}

}  // namespace

std::vector<Alert> look_at_database(PgConnection& pg, int dead_an_hour) {
    std::vector<Alert> alerts;
    if (const auto clicks = read_click_totals(pg); clicks.missing > 0) {
        alerts.push_back(
            {"clicks_missing", "",
             std::to_string(clicks.missing) +
                 " clicks were redirected and are not stored; see couponctl clicks audit"});
    }
    look_at_tables(pg, dead_an_hour, alerts);
    look_at_orders(pg, alerts);
    look_at_ledger(pg, alerts);
    look_at_runs(pg, alerts);
    look_at_posts(pg, alerts);
    return alerts;
}

}  // namespace coupon
