// What the threads of one JobRunner share.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "runtime/job_runner.hpp"
#include "runtime/leases_in_flight.hpp"
#include "runtime/watched_loop.hpp"

namespace coupon {

struct JobRunner::Impl {
    Impl(JobTable the_table, std::string url, JobRunnerOptions the_options, Action the_action,
         OnDead the_on_dead, const StopSignal& the_stop, const Log& the_log, JobCounts& the_counts)
        : table(std::move(the_table)),
          database_url(std::move(url)),
          options(the_options),
          action(std::move(the_action)),
          on_dead(std::move(the_on_dead)),
          stop(the_stop),
          log(the_log),
          counts(the_counts),
          leases(table, database_url, options.lease, log) {}

    const JobTable table;
    const std::string database_url;
    const JobRunnerOptions options;
    const Action action;
    const OnDead on_dead;
    const StopSignal& stop;
    const Log& log;
    JobCounts& counts;
    LeasesInFlight leases;
    std::optional<WatchedLoop> loop;  // while any thread goes on, the table is worked on
    std::vector<std::thread> threads;

    // Only the thread that has the turn looks again and again into an empty table.
    std::mutex turn;
    std::mutex wake_mutex;
    std::condition_variable wake;
    bool woken = false;

    std::mutex running_mutex;
    std::condition_variable ended;
    int running = 0;
};

}  // namespace coupon
