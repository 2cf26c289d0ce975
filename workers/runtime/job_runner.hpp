// Works on the rows of one JobTable with a few threads, each with its own connection to PostgreSQL:
// take, act, settle. What an action throws decides about retry or dead letter.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "runtime/job_table.hpp"
#include "runtime/log.hpp"
#include "runtime/stop_signal.hpp"

namespace coupon {

struct JobRunnerOptions {
    int threads = 4;
    int idle_ms = 200;                  // between two looks into an empty table
    std::chrono::seconds lease{60};     // renewed while the action runs
    std::chrono::seconds grace{20};     // for what is in flight when a stop is requested
    int attempts_max = 17;
};

// For metrics and the heartbeat; added to by all threads.
struct JobCounts {
    std::atomic<std::uint64_t> started{0}, completed{0}, retried{0}, dead{0}, lease_lost{0};
};

class JobRunner {
  public:
    // The action gets the thread's own connection, without an open transaction. It settles the job
    // itself (JobTable::complete in the transaction of its effect) and returns. Thrown RetryLater or
    // any std::exception: retried, dead after attempts_max; PermanentFailure: dead at once; LeaseLost:
    // forgotten; PgError without a data error: given back, and the thread waits for PostgreSQL.
    using Action = std::function<void(PgConnection& pg, const Job& job)>;
    // Runs in the transaction that puts a job to the dead letters; may be empty.
    using OnDead = std::function<void(PgConnection& pg, const Job& job, const std::string& why)>;

    JobRunner(JobTable table, std::string database_url, JobRunnerOptions options, Action action,
              OnDead on_dead, const StopSignal& stop, const Log& log);
    ~JobRunner();  // waits for the threads

    void start();
    void join();
    // Wakes a sleeping thread: something was just put into the table.
    void wake() noexcept;
    [[nodiscard]] const JobCounts& counts() const noexcept { return counts_; }

  private:
    struct Impl;
    JobCounts counts_;
    std::unique_ptr<Impl> impl_;
};

}  // namespace coupon
