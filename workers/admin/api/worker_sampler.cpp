#include "admin/api/worker_sampler.hpp"

#include <chrono>
#include <utility>

#include "operations/redis_state.hpp"
#include "runtime/pg_transaction.hpp"

namespace coupon {
namespace {

constexpr std::chrono::seconds sample_every{3};
constexpr int samples_between_deletes = 200;
constexpr int postgres_deadline_ms = 5'000;
constexpr int redis_timeout_ms = 2'000;

// One sampler at a time; the other's sample is as good.
constexpr const char* lock_sql =
    "SELECT pg_try_advisory_xact_lock(hashtext('coupon_worker_beats'))";

// A worker that nobody looked at for minutes did what it did in those, not in this one; of one that
// is new since the last sample everything counts.
constexpr const char* sample_sql =
    "WITH beat AS (SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[],"
    "   $5::text[], $6::bigint[], $7::bigint[], $8::boolean[])"
    "   AS b (id, role, host, pid, version, started, jobs, alive)),"
    " done AS (SELECT beat.role, sum(CASE"
    "   WHEN known.id IS NULL THEN CASE WHEN beat.started > extract(epoch FROM now()) - 60"
    "    THEN beat.jobs ELSE 0 END"
    "   WHEN known.last_seen < now() - interval '1 minute' THEN 0"
    "   ELSE greatest(beat.jobs - known.jobs, 0) END)::bigint AS jobs"
    "  FROM beat LEFT JOIN worker_beats AS known USING (id) GROUP BY beat.role),"
    " kept AS (INSERT INTO worker_beats (id, role, host, pid, version, started, jobs, last_seen)"
    "  SELECT id, beat.role, beat.host, beat.pid, beat.version, to_timestamp(beat.started),"
    "   beat.jobs, CASE WHEN beat.alive THEN now() ELSE COALESCE(known.last_seen, now()) END"
    "   FROM beat LEFT JOIN worker_beats AS known USING (id) ORDER BY id"
    "  ON CONFLICT (id) DO UPDATE SET jobs = excluded.jobs, last_seen = excluded.last_seen)"
    " INSERT INTO worker_rates AS known (minute, role, jobs)"
    " SELECT date_trunc('minute', now()), role, jobs FROM done ORDER BY role"
    " ON CONFLICT (minute, role) DO UPDATE SET jobs = known.jobs + excluded.jobs"
    "  WHERE excluded.jobs > 0";

constexpr const char* delete_sql =
    "DELETE FROM worker_beats WHERE last_seen < now() - interval '1 day'";

struct Columns {
    PgArray id, role, host, pid, version, started, jobs, alive;

    void add(const WorkerBeat& beat) {
        id.add(beat.id);
        role.add(beat.role);
        host.add(beat.host);
        pid.add(beat.pid);
        version.add(beat.version);
        started.add(beat.started_s);
        jobs.add(beat.jobs);
        alive.add(beat.alive ? "t" : "f");
    }
};

}  // namespace

WorkerSampler::WorkerSampler(const std::string& database_url, const RedisAddress& redis,
                             const Log& log)
    : pg_(database_url, "coupon-worker admin sampler", postgres_deadline_ms),
      redis_(redis, redis_timeout_ms),
      log_(log),
      thread_([this] { run(); }) {}

WorkerSampler::~WorkerSampler() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

void WorkerSampler::run() {
    std::unique_lock lock(mutex_);
    do {
        lock.unlock();
        try {
            sample();
            failing_ = false;
        } catch (const std::exception& failure) {
            if (!std::exchange(failing_, true)) {
                log_.warn("the workers' heartbeats cannot be written down; it is tried every 3 s",
                          {{"error", failure.what()}});
            }
        }
        lock.lock();
    } while (!wake_.wait_for(lock, sample_every, [this] { return stopping_; }));
}

void WorkerSampler::sample() {
    Columns columns;
    for (const auto& beat : read_heartbeats(redis_)) {
        columns.add(beat);
    }
    if (columns.id.empty()) {
        return;
    }
    PgTransaction transaction(pg_);
    if (pg_.execute(lock_sql).text(0, 0) != "t") {
        return;
    }
    pg_.execute(sample_sql,
                {columns.id.literal(), columns.role.literal(), columns.host.literal(),
                 columns.pid.literal(), columns.version.literal(), columns.started.literal(),
                 columns.jobs.literal(), columns.alive.literal()});
    if (samples_++ % samples_between_deletes == 0) {
        pg_.execute(delete_sql);
    }
    transaction.commit();
}

}  // namespace coupon
