// Works on the rows of one JobTable with a few threads, each with its own connection to PostgreSQL:
// take, act, settle. What an action throws decides about retry or dead letter.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "runtime/job_table.hpp"
#include "runtime/log.hpp"
#include "runtime/retry_policy.hpp"
#include "runtime/stop_signal.hpp"

namespace coupon {

struct JobRunnerOptions {
    int threads = 4;
    int idle_ms = 200;               // between two looks into an empty table
    std::chrono::seconds lease{60};  // renewed while the action runs
    std::chrono::seconds grace{20};  // for what is in flight when a stop is requested
    int attempts_max = coupon::attempts_max;
    int starts_max = 5;  // a job begun as often that never ended is poison: a dead letter
};

// For metrics and the heartbeat; added to by all threads.
struct JobCounts {
    std::atomic<std::uint64_t> started{0}, completed{0}, retried{0}, dead{0}, given_back{0},
        lease_lost{0};
};

class JobRunner {
  public:
    // The action gets the thread's own connection, without an open transaction. It settles the job
    // itself (JobTable::complete in the transaction of its effect) and returns. Thrown RetryLater
    // or any std::exception: retried, dead after attempts_max; PermanentFailure: dead at once;
    // LeaseLost: forgotten; a PgError of a lock, a deadlock or a cancelled statement: retried, at
    // first within half a minute; another temporary PgError: given back for a few seconds without
    // an attempt, and the thread waits for PostgreSQL.
    // Actions run in several threads at once.
    using Action = std::function<void(PgConnection& pg, const Job& job)>;
    // Runs in the transaction that puts a job to the dead letters; may be empty.
    using OnDead = std::function<void(PgConnection& pg, const Job& job, const std::string& why)>;

    JobRunner(JobTable table, std::string database_url, JobRunnerOptions options, Action action,
              OnDead on_dead, const StopSignal& stop, const Log& log);
    // Waits for the threads; a stop must have been requested.
    ~JobRunner();

    void start();
    // Waits for a stop, then for what is in flight, at most the grace time; what still runs then is
    // given back, so that it cannot be settled any more. False: there is such, and its thread may
    // take as long as it likes: leave the process without destructors.
    bool join();
    // Wakes a sleeping thread: something was just put into the table.
    void wake() noexcept;
    [[nodiscard]] const JobCounts& counts() const noexcept { return counts_; }
    [[nodiscard]] const std::string& table_name() const noexcept;

    struct Impl;  // job_runner_state.hpp

  private:
    JobCounts counts_;
    std::unique_ptr<Impl> impl_;
};

// What every connection that works on jobs sets when it opens: commits are durable, and neither a
// statement nor a stopped process holds locks for long.
void prepare_job_session(PgConnection& pg);

}  // namespace coupon
