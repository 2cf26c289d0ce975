#include "journal_tasks.hpp"

#include "clock.hpp"

#include "io/offload.hpp"

namespace coupon {
namespace {

// Two spare segments are ready when one is taken: enough for this even at full load.
constexpr ngx_msec_t kEvery_ms = 25;

uint64_t now_ms() noexcept { return monotonic_ns() / 1'000'000; }

}  // namespace

JournalTasks::JournalTasks(WorkerJournal& journal, WorkerCounters& counters, ngx_log_t* log)
    : journal_(journal), counters_(counters), log_(log), timer_(log, Timer::AtExit::cancelable, [this] { start_all(); }) {
    start_all();
}

void JournalTasks::start_all() {
    if (refused_ != nullptr && start(refused_)) {
        refused_ = nullptr;
    }
    while (refused_ == nullptr) {
        std::shared_ptr<JournalTask> task = journal_.next_task(now_ms());
        if (task == nullptr) {
            break;
        }
        if (!start(task)) {
            refused_ = std::move(task);
        }
    }
    timer_.start(kEvery_ms);
}

bool JournalTasks::start(const std::shared_ptr<JournalTask>& task) {
    return offload([task] { task->run(); },
                   [this, task] { report(journal_.finish(*task, now_ms()), counters_, log_); });
}

void JournalTasks::report(const JournalNews& news, WorkerCounters& counters, ngx_log_t* log) {
    for (const std::string& warning : news.warnings) {
        ngx_log_error(NGX_LOG_ERR, log, 0, "coupon: journal: %s", warning.c_str());
    }
    if (news.adopted_segments != 0) {
        counters.count(Event::journal_adopted_segments, news.adopted_segments);
        ngx_log_error(NGX_LOG_NOTICE, log, 0, "coupon: journal: took over %uz segments of workers that are gone",
                      news.adopted_segments);
    }
    counters.count(Event::journal_corrupt_records, news.unreadable_records);
    counters.count(Event::journal_prepare_failed, news.prepare_failed ? 1 : 0);
}

}  // namespace coupon
