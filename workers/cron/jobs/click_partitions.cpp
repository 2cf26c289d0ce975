#include "cron/jobs/click_partitions.hpp"

#include <string>
#include <vector>

#include "runtime/pg_transaction.hpp"

namespace coupon {
namespace {

constexpr int reversal_days = 90;
constexpr int tries_max = 5;
constexpr int wait_ms = 2'000;

constexpr const char* old_sql =
    "SELECT i.inhrelid::regclass::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
    " CROSS JOIN LATERAL (SELECT to_date(substring(c.relname FROM '[0-9]{4}_[0-9]{2}$'),"
    "  'YYYY_MM')::timestamp AT TIME ZONE 'UTC' + interval '1 month' AS ended) month"
    " WHERE i.inhparent = 'offer_clicks'::regclass"
    " AND month.ended < now() - make_interval(months => $1::int)"
    " AND month.ended < now() - make_interval(days => $2::int) ORDER BY month.ended";

// Segments with a click of that month. One adds up when it is sealed, all of it is settled, and as
// many of its records as it has are stored or rejected.
std::string segments_sql(const std::string& partition) {
    return "WITH segments AS (SELECT DISTINCT segment AS id FROM " + partition +
           " WHERE segment IS NOT NULL)"
           " SELECT s.id, COALESCE(j.audited_at IS NOT NULL OR"
           "  (j.sealed IS NOT NULL AND int8multirange(int8range(0, j.sealed)) <@ j.settled"
           "   AND COALESCE(j.served, 0) <= j.sealed"
           "   AND j.sealed = (SELECT count(DISTINCT place.seq) FROM"
           "    (SELECT seq FROM offer_clicks c WHERE c.segment = s.id"
           "     UNION ALL SELECT seq FROM click_rejects r WHERE r.segment = s.id) AS place)), "
           "false)"
           " FROM segments s LEFT JOIN journal_segments j ON j.id = s.id";
}

constexpr const char* close_sql =
    "UPDATE journal_segments SET audited_at = now() WHERE id = ANY ($1::uuid[])"
    " AND audited_at IS NULL";

// Empty: detached. Else why not.
std::string detach(CronRun& run, const std::string& partition) {
    PgTransaction transaction(run.pg);
    run.fence();
    const auto segments = run.pg.execute(segments_sql(partition).c_str());
    PgArray closed;
    for (int row = 0; row < segments.rows(); ++row) {
        if (segments.text(row, 1) != "t") {
            return "journal segment " + std::string(segments.text(row, 0)) +
                   " does not add up, or is not done with: see couponctl clicks audit";
        }
        closed.add(segments.text(row, 0));
    }
    run.pg.execute(close_sql, {closed.literal()});
    // Plain, since CONCURRENTLY is refused beside a default partition; who waits for its lock makes
    // everybody else wait, so it does not wait for long.
    run.pg.execute("SET LOCAL lock_timeout = '2s'");
    run.pg.execute(("ALTER TABLE offer_clicks DETACH PARTITION " + partition).c_str());
    transaction.commit();
    return "";
}

std::string detach_patiently(CronRun& run, const std::string& partition) {
    for (int tries = 1;; ++tries) {
        try {
            return detach(run, partition);
        } catch (const PgError& error) {
            if (error.sqlstate() != "55P03" || run.stop.requested()) {
                throw;
            }
            if (tries == tries_max) {
                return "offer_clicks was too busy; the next run tries again";
            }
        }
        run.stop.sleep_ms(wait_ms);
    }
}

}  // namespace

nlohmann::ordered_json detach_click_partitions(CronRun& run, int months, int attribution_days) {
    auto done = nlohmann::ordered_json::object();
    if (months == 0) {
        return done;
    }
    const auto old = run.pg.execute(
        old_sql, {std::to_string(months), std::to_string(attribution_days + reversal_days)});
    for (int row = 0; row < old.rows() && !run.stop.requested(); ++row) {
        const std::string partition(old.text(row, 0));
        const auto why_not = detach_patiently(run, partition);
        done[partition] = why_not.empty() ? "detached" : why_not;
        if (!why_not.empty()) {
            run.log.warn("a month of clicks cannot be detached",
                         {{"partition", partition}, {"reason", why_not}});
        }
    }
    return done;
}

}  // namespace coupon
