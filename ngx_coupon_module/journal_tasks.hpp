// Runs the blocking work of one journal (preparing, adopting, loading, retiring) in the thread pool.
#pragma once

#include "stats.hpp"

#include "io/timer.hpp"
#include "journal/worker_journal.hpp"

#include <memory>

namespace coupon {

class JournalTasks {
public:
    // Both must outlive this.
    JournalTasks(WorkerJournal& journal, WorkerCounters& counters, ngx_log_t* log);

    // Logs and counts what a task, or the journal's start, had to tell.
    static void report(const JournalNews& news, WorkerCounters& counters, ngx_log_t* log);

    // Starts what there is to do now, without waiting for the next look.
    void start_all();

private:
    bool start(const std::shared_ptr<JournalTask>& task);

    WorkerJournal& journal_;
    WorkerCounters& counters_;
    ngx_log_t* log_;
    std::shared_ptr<JournalTask> refused_;  // by the full thread pool; tried again
    Timer timer_;
};

}  // namespace coupon
