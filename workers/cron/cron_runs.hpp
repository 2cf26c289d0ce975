// cron_jobs and cron_runs as the worker that leads writes them, on the session that holds the
// leader's lock: a statement that succeeds there was the leader's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cron/cron_settings.hpp"
#include "runtime/pg_connection.hpp"

namespace coupon {

// One worker's try at a run: its row is that worker's as long as id, worker and takeovers stay.
struct CronClaim {
    std::string id;
    std::string job;
    std::int64_t due_s = 0;
    std::string worker;
    int takeovers = 0;  // how often it was begun again
};

// A run that has not ended.
struct OpenRun {
    CronClaim claim;  // its worker may be another, or none yet
    bool running = false;
};

struct DueJob {
    std::string name;
    std::int64_t due_s = 0;
};

// A run that was begun again as often is given up: it may be what kills the worker.
inline constexpr int takeovers_max = 3;
// Later than that, nobody was there when it was due.
inline constexpr std::int64_t missed_after_s = 60;

// All throw PgError.

// Writes down the jobs with their next times and the leader; forgets others. Since when each has
// its schedule, in the order of the jobs: nothing that was due until then is owed.
std::vector<std::int64_t> write_jobs(PgConnection& pg, const CronSettings& settings,
                                     const std::string& worker, std::int64_t now_s);
// Nobody leads, where the worker did.
void write_no_leader(PgConnection& pg, const std::string& worker);

// Requests a run for each that has none of that time yet, nor one of its schedule that has not
// ended.
void request_due(PgConnection& pg, const std::vector<DueJob>& due, std::int64_t now_s);

// Oldest first, running ones before others; at most a few hundred.
std::vector<OpenRun> open_runs(PgConnection& pg);

// Takes an open run for the worker. Nothing where it changed meanwhile, where a transaction of the
// one that had it is still open, or where it was begun too often, which ends it.
std::optional<CronClaim> take_run(PgConnection& pg, const OpenRun& run, const std::string& worker);

// Ends a run that nobody can do.
void refuse_run(PgConnection& pg, const OpenRun& run, const std::string& why);

// What the worker has not ended waits for another; how many those are. Or one of them: false where
// it is another worker's by now.
std::int64_t give_back_all(PgConnection& pg, const std::string& worker);
bool give_back(PgConnection& pg, const CronClaim& claim);

}  // namespace coupon
