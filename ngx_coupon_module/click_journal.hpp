// The worker's journal of clicks: appends them, syncs them where the mode asks for it, and knows
// which are still to be sent and settled.
#pragma once

#include "conf.hpp"
#include "group_commit.hpp"
#include "journal_tasks.hpp"
#include "stats.hpp"

#include "core/click_record.hpp"
#include "journal/worker_journal.hpp"

#include <functional>
#include <memory>

namespace coupon {

class ClickJournal {
public:
    // Blocks, for a worker's start. Where the folder cannot be used (a full disk, a lock that is held
    // for long) the worker serves all the same, its clicks count as unjournaled, and it is tried
    // again every second.
    ClickJournal(const MainConf& main, WorkerCounters& counters, ngx_log_t* log);
    ~ClickJournal();

    // --- the request path: no system call, lock or allocation.

    // Appends the click; `click.segment` and `click.seq` are filled in. The result is false when the
    // budget is full or the disk fails. Where threads were not fast enough to prepare a segment it is
    // prepared here: a redirect that waits is better than a click that is lost.
    RecordRef append(ClickRecord& click) noexcept;

    void count_served(const RecordRef& record) noexcept { journal_->writer().count_served(record); }
    void count_unjournaled() noexcept;

    void when_synced(const RecordRef& record, std::function<void(bool)> done) {
        group_commit_->wait(record, std::move(done));
    }

    // --- for the delivery; only while is_open()

    bool is_open() const noexcept { return journal_ != nullptr; }

    // Called after each append with the number of clicks appended since the last next_batch().
    void on_append(std::function<void(uint64_t)> hook) { appended_ = std::move(hook); }
    SendBatch next_batch(size_t records_max, size_t bytes_max);
    Delivery& delivery() noexcept { return journal_->delivery(); }

    // Something is unsettled for so long that it matters whether the queue is empty.
    bool wants_queue_state() const noexcept;
    void queue_seen_empty(bool empty) noexcept;

    // --- for the worker

    void every_second();
    std::shared_ptr<SegmentMap> map() const noexcept { return map_; }  // null while not open
    DeliveryCounts counts() const { return is_open() ? journal_->delivery().counts() : DeliveryCounts{}; }

private:
    struct Opening;

    char* reserve_late(size_t bytes) noexcept;
    void open_later();
    void take(Opening& opening);

    const MainConf& main_;
    WorkerCounters& counters_;
    ngx_log_t* log_;
    bool opening_ = false;
    std::string complained_;
    uint64_t unjournaled_while_closed_ = 0;
    std::shared_ptr<SegmentMap> map_;
    std::unique_ptr<WorkerJournal> journal_;
    std::unique_ptr<JournalTasks> tasks_;
    std::unique_ptr<GroupCommit> group_commit_;
    std::unique_ptr<Timer> sync_timer_;
    std::function<void(uint64_t)> appended_;
    uint64_t waiting_ = 0;
    uint64_t late_not_before_ms_ = 0;
    uint64_t queue_empty_until_ms_ = 0;
};

}  // namespace coupon
