#include "cron/jobs/click_partitions.hpp"

#include <string>
#include <vector>

#include "runtime/pg_transaction.hpp"

namespace coupon {
namespace {

constexpr int reversal_days = 90;
constexpr int tries_max = 5;
constexpr int wait_ms = 2'000;

// Their visitors are forgotten first: nobody looks into a table that was detached.
constexpr const char* old_sql =
    "SELECT i.inhrelid::regclass::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
    " CROSS JOIN LATERAL (SELECT to_date(substring(c.relname FROM '[0-9]{4}_[0-9]{2}$'),"
    "  'YYYY_MM')::timestamp AT TIME ZONE 'UTC' + interval '1 month' AS ended) month"
    " JOIN click_privacy p ON p.partition = i.inhrelid::regclass::text AND p.up_to >= month.ended"
    " WHERE i.inhparent = 'offer_clicks'::regclass"
    " AND month.ended < now() - make_interval(months => $1::int)"
    " AND month.ended < now() - make_interval(days => $2::int) ORDER BY month.ended";

// Segments with a click of that month, from one to the next by the index: a month has many clicks
// of few segments.
std::string segments_sql(const std::string& partition) {
    return "WITH RECURSIVE found AS ((SELECT segment FROM " + partition +
           " WHERE segment IS NOT NULL ORDER BY segment LIMIT 1)"
           " UNION ALL SELECT (SELECT c.segment FROM " +
           partition +
           " c WHERE c.segment > found.segment ORDER BY c.segment LIMIT 1)"
           " FROM found WHERE found.segment IS NOT NULL)"
           " SELECT segment FROM found WHERE segment IS NOT NULL";
}

// It adds up when it is sealed, all of it is settled, and each of its records is stored or
// rejected.
constexpr const char* adds_up_sql =
    "SELECT FROM journal_segments j WHERE j.id = $1::uuid AND (j.audited_at IS NOT NULL"
    " OR (j.sealed IS NOT NULL AND int8multirange(int8range(0, j.sealed)) <@ j.settled"
    "  AND COALESCE(j.served, 0) <= j.sealed"
    "  AND j.sealed = (SELECT count(DISTINCT place.seq) FROM"
    "   (SELECT seq FROM offer_clicks WHERE segment = $1::uuid"
    "    UNION ALL SELECT seq FROM click_rejects WHERE segment = $1::uuid) AS place"
    "   WHERE place.seq >= 0 AND place.seq < j.sealed)))";

constexpr const char* close_sql =
    "UPDATE journal_segments SET audited_at = now() WHERE id = ANY ($1::uuid[])"
    " AND audited_at IS NULL";

std::vector<std::string> segments_of(CronRun& run, const std::string& partition) {
    const auto rows = run.pg.execute(segments_sql(partition).c_str());
    std::vector<std::string> segments;
    for (int row = 0; row < rows.rows(); ++row) {
        segments.emplace_back(rows.text(row, 0));
    }
    return segments;
}

// Empty: all add up, or a stop is requested.
std::string why_not_closed(CronRun& run, const std::vector<std::string>& segments) {
    for (const auto& segment : segments) {
        if (run.stop.requested()) {
            break;
        }
        if (run.pg.execute(adds_up_sql, {segment}).rows() == 0) {
            return "journal segment " + segment +
                   " does not add up, or is not done with: see couponctl clicks audit";
        }
    }
    return "";
}

// Empty: detached. Else why not.
std::string detach(CronRun& run, const std::string& partition,
                   const std::vector<std::string>& segments) {
    PgArray closed;
    for (const auto& segment : segments) {
        closed.add(segment);
    }
    PgTransaction transaction(run.pg);
    run.fence();
    run.pg.execute(close_sql, {closed.literal()});
    // Plain, since CONCURRENTLY is refused beside a default partition; who waits for its lock makes
    // everybody else wait, so it does not wait for long.
    run.pg.execute("SET LOCAL lock_timeout = '2s'");
    run.pg.execute(("ALTER TABLE offer_clicks DETACH PARTITION " + partition).c_str());
    // Nobody writes to it any more.
    if (segments_of(run, partition) != segments) {
        return "a late click came meanwhile; the next run tries again";
    }
    transaction.commit();
    return "";
}

std::string detach_patiently(CronRun& run, const std::string& partition) {
    const auto segments = segments_of(run, partition);
    if (auto why_not = why_not_closed(run, segments); !why_not.empty()) {
        return why_not;
    }
    if (run.stop.requested()) {
        return "not looked through: the worker was stopped";
    }
    for (int tries = 1;; ++tries) {
        try {
            return detach(run, partition, segments);
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
