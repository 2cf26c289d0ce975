#include "cron/cron_runs.hpp"

namespace coupon {
namespace {

constexpr const char* write_sql =
    "INSERT INTO cron_jobs AS job (name, what, schedule, zone, next_at, since, leader)"
    " SELECT name, what, schedule, $5, to_timestamp(next_s), to_timestamp($6::bigint), $7"
    " FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[])"
    "  AS given (name, what, schedule, next_s)"
    " ON CONFLICT (name) DO UPDATE SET what = excluded.what, schedule = excluded.schedule,"
    "  zone = excluded.zone, next_at = excluded.next_at, leader = excluded.leader,"
    "  updated_at = now(),"
    // A time still to come is one that a wrong clock left.
    "  since = CASE WHEN (job.schedule, job.zone) = (excluded.schedule, excluded.zone)"
    "   THEN least(job.since, excluded.since) ELSE excluded.since END";

constexpr const char* forget_sql = "DELETE FROM cron_jobs WHERE name <> ALL ($1::text[])";

constexpr const char* since_sql =
    "SELECT floor(extract(epoch FROM since))::bigint"
    " FROM unnest($1::text[]) WITH ORDINALITY AS given (name, place)"
    " JOIN cron_jobs USING (name) ORDER BY place";

constexpr const char* no_leader_sql =
    "UPDATE cron_jobs SET leader = NULL, updated_at = now() WHERE leader = $1";

// Asked before it is inserted, since a conflict would cost a number each second.
constexpr const char* request_sql =
    "INSERT INTO cron_runs (job, due_at, cause)"
    " SELECT job, to_timestamp(due_s),"
    "  CASE WHEN $3::bigint - due_s > $4::bigint THEN 'missed' ELSE 'schedule' END"
    " FROM unnest($1::text[], $2::bigint[]) AS due (job, due_s)"
    " WHERE NOT EXISTS (SELECT FROM cron_runs r WHERE r.job = due.job AND r.cause <> 'manual'"
    "  AND (r.due_at = to_timestamp(due_s) OR r.status IN ('requested', 'running')))"
    " ON CONFLICT DO NOTHING";

constexpr const char* open_sql =
    "SELECT id, job, floor(extract(epoch FROM due_at))::bigint, COALESCE(worker, ''), takeovers,"
    " status = 'running' FROM cron_runs WHERE status IN ('requested', 'running')"
    " ORDER BY status DESC, id LIMIT 500";

// A lock on the row is an open transaction of whoever had it: its effects come first.
#define COUPON_SAME_RUN                                                                           \
    " WHERE id = (SELECT id FROM cron_runs WHERE id = $1 AND status = $2 AND takeovers = $3::int" \
    " AND COALESCE(worker, '') = $4 FOR UPDATE SKIP LOCKED)"

constexpr const char* begin_sql =
    "UPDATE cron_runs SET status = 'running', worker = $5,"
    " started_at = COALESCE(started_at, now())" COUPON_SAME_RUN;

constexpr const char* take_over_sql =
    "UPDATE cron_runs SET worker = $5, takeovers = takeovers + 1" COUPON_SAME_RUN;

constexpr const char* give_up_sql =
    "UPDATE cron_runs SET status = 'interrupted', finished_at = now(),"
    " error = concat('begun ', takeovers + 1, ' times, and never ended: its workers died of it or"
    " were stopped'), worker = $5" COUPON_SAME_RUN;

constexpr const char* refuse_sql =
    "UPDATE cron_runs SET status = 'failed', finished_at = now(), error = $5" COUPON_SAME_RUN;

// Another request that came meanwhile stands for this one as well: one waits at a time.
constexpr const char* give_back_sql =
    "UPDATE cron_runs AS run SET worker = NULL,"
    " status = CASE WHEN doubled THEN 'interrupted' ELSE 'requested' END,"
    " finished_at = CASE WHEN doubled THEN now() END,"
    " error = CASE WHEN doubled THEN 'stopped; another request waits' ELSE error END"
    " FROM (SELECT id, cause = 'manual' AND EXISTS (SELECT FROM cron_runs other"
    "   WHERE other.job = r.job AND other.cause = 'manual' AND other.status = 'requested')"
    "   AS doubled FROM cron_runs r WHERE worker = $1 AND status = 'running'"
    "   AND ($2::bigint IS NULL OR (id = $2 AND takeovers = $3::int)) FOR UPDATE) AS mine"
    " WHERE run.id = mine.id";

std::vector<PgParameter> same_run(const OpenRun& run) {
    return {run.claim.id, run.running ? "running" : "requested",
            std::to_string(run.claim.takeovers), run.claim.worker};
}

bool change(PgConnection& pg, const char* sql, const OpenRun& run, const std::string& last) {
    auto values = same_run(run);
    values.emplace_back(last);
    return pg.execute(sql, values).affected() == 1;
}

}  // namespace

std::vector<std::int64_t> write_jobs(PgConnection& pg, const CronSettings& settings,
                                     const std::string& worker, std::int64_t now_s) {
    PgArray names;
    PgArray whats;
    PgArray schedules;
    PgArray nexts;
    for (const auto& [job, schedule] : settings.jobs) {
        names.add(job.name);
        whats.add(job.what);
        schedules.add(job.schedule);
        if (const auto next = schedule.next_after(settings.zone, now_s)) {
            nexts.add(*next);
        } else {
            nexts.add_null();
        }
    }
    pg.execute(write_sql, {names.literal(), whats.literal(), schedules.literal(), nexts.literal(),
                           settings.zone_name, std::to_string(now_s), worker});
    pg.execute(forget_sql, {names.literal()});
    const auto rows = pg.execute(since_sql, {names.literal()});
    std::vector<std::int64_t> since;
    for (int row = 0; row < rows.rows(); ++row) {
        since.push_back(rows.number(row, 0));
    }
    return since;
}

void write_no_leader(PgConnection& pg, const std::string& worker) {
    pg.execute(no_leader_sql, {worker});
}

void request_due(PgConnection& pg, const std::vector<DueJob>& due, std::int64_t now_s) {
    if (due.empty()) {
        return;
    }
    PgArray names;
    PgArray times;
    for (const auto& job : due) {
        names.add(job.name);
        times.add(job.due_s);
    }
    pg.execute(request_sql, {names.literal(), times.literal(), std::to_string(now_s),
                             std::to_string(missed_after_s)});
}

std::vector<OpenRun> open_runs(PgConnection& pg) {
    const auto rows = pg.execute(open_sql);
    std::vector<OpenRun> runs;
    for (int row = 0; row < rows.rows(); ++row) {
        runs.push_back(
            {{std::string(rows.text(row, 0)), std::string(rows.text(row, 1)), rows.number(row, 2),
              std::string(rows.text(row, 3)), static_cast<int>(rows.number(row, 4))},
             rows.text(row, 5) == "t"});
    }
    return runs;
}

std::optional<CronClaim> take_run(PgConnection& pg, const OpenRun& run, const std::string& worker) {
    if (run.running && run.claim.takeovers >= takeovers_max) {
        change(pg, give_up_sql, run, worker);
        return std::nullopt;
    }
    if (!change(pg, run.running ? take_over_sql : begin_sql, run, worker)) {
        return std::nullopt;
    }
    auto claim = run.claim;
    claim.worker = worker;
    claim.takeovers += run.running ? 1 : 0;
    return claim;
}

void refuse_run(PgConnection& pg, const OpenRun& run, const std::string& why) {
    change(pg, refuse_sql, run, why);
}

std::int64_t give_back_all(PgConnection& pg, const std::string& worker) {
    return pg.execute(give_back_sql, {worker, std::nullopt, std::nullopt}).affected();
}

bool give_back(PgConnection& pg, const CronClaim& claim) {
    const auto result =
        pg.execute(give_back_sql, {claim.worker, claim.id, std::to_string(claim.takeovers)});
    return result.affected() == 1;
}

}  // namespace coupon
