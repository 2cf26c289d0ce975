#include "webhooks/body_retention.hpp"

#include <exception>

#include "runtime/job_runner.hpp"
#include "runtime/number_setting.hpp"

namespace coupon {
namespace {

constexpr int default_days = 30;
constexpr int days_max = 3650;
constexpr int pause_ms = 10 * 60 * 1000;
constexpr int statement_deadline_ms = 30'000;
constexpr std::int64_t rows_max = 1000;  // of one statement: locks and its transaction stay short

// The last condition is the predicate of the index webhook_logs_personal, word by word. A row that
// is being replayed or looked at by another worker is left for the next time.
constexpr const char* purge_sql =
    "UPDATE webhook_logs SET body = NULL, headers = '{}', query = NULL, fields = '{}',"
    " remote = NULL, raw = NULL WHERE id IN ("
    " SELECT id FROM webhook_logs WHERE status = $1::text"
    " AND received_at < now() - make_interval(days => $2::int)"
    " AND status IN ('completed', 'failed') AND (body IS NOT NULL OR remote IS NOT NULL"
    "  OR query IS NOT NULL OR raw IS NOT NULL OR headers <> '{}' OR fields <> '{}')"
    " ORDER BY received_at LIMIT $3::bigint FOR UPDATE SKIP LOCKED)";

}  // namespace

int configured_body_days() {
    return number_setting("WEBHOOK_BODY_DAYS", default_days, 1, days_max);
}

BodyRetention::BodyRetention(const std::string& database_url, int days, const StopSignal& stop,
                             const Log& log)
    : days_(days),
      stop_(stop),
      log_(log),
      pg_(database_url, "coupon-worker retention", statement_deadline_ms, prepare_job_session) {}

void BodyRetention::run() noexcept {
    while (!stop_.requested()) {
        try {
            purge();
        } catch (const std::exception& error) {
            log_.warn("bodies of old webhooks could not be purged; the next try is in ten minutes",
                      {{"error", error.what()}});
        }
        pg_.close();
        stop_.sleep_ms(pause_ms);
    }
}

void BodyRetention::purge() {
    const auto purged = purge_status("completed", days_) + purge_status("failed", 2 * days_);
    if (purged > 0) {
        log_.info("bodies of old webhooks are purged", {{"webhooks", purged}});
    }
}

std::int64_t BodyRetention::purge_status(const char* status, int days) {
    std::int64_t purged = 0;
    std::int64_t rows = rows_max;
    while (rows == rows_max && !stop_.requested()) {
        rows = pg_.execute(purge_sql, {status, std::to_string(days), std::to_string(rows_max)})
                   .affected();
        purged += rows;
    }
    return purged;
}

}  // namespace coupon
