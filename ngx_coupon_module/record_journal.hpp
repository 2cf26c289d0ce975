// The worker's journal of one kind: appends records, syncs them where that is asked for, and knows
// which are still to be sent and settled. ClickJournal and WebhookJournal say what a record is.
#pragma once

#include "group_commit.hpp"
#include "journal_tasks.hpp"
#include "stats.hpp"

#include "journal/worker_journal.hpp"

#include <functional>
#include <memory>
#include <string>

namespace coupon {

struct RecordJournalOptions {
    StoreOptions store;
    bool syncs = false;            // when_synced() is going to be used, or sync_every_ms set
    ngx_msec_t sync_every_ms = 0;  // 0: only for those that wait
    bool prepares_late = true;     // on the event loop, where threads were too slow; blocks it
    const char* while_closed = ""; // for the log: what happens while the folder cannot be used
};

class RecordJournal {
public:
    // Blocks, for a worker's start. Where the folder cannot be used (a full disk, a lock that is held
    // for long) the worker serves all the same, without a journal, and it is tried again every second.
    RecordJournal(RecordJournalOptions options, WorkerCounters& counters, SyncCounters& syncs, ngx_log_t* log);
    ~RecordJournal();

    // --- the request path: no system call, lock or allocation.

    void count_served(const RecordRef& record) noexcept { journal_->writer().count_served(record); }
    void count_unjournaled() noexcept;

    // `done` gets true when the record is on disk, false when the disk failed or took longer than 10 s.
    void when_synced(const RecordRef& record, std::function<void(bool)> done) {
        group_commit_->wait(record, std::move(done));
    }

    // --- for the delivery; only while is_open()

    bool is_open() const noexcept { return journal_ != nullptr; }

    // Called after each append with the number of records appended since the last next_batch().
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

    // Bytes of all this kind's segments with unsettled records, of all workers, as counted at most a
    // few seconds ago.
    uint64_t occupied_bytes() const noexcept { return is_open() ? journal_->occupied_bytes() : 0; }
    JournalDisk disk() const noexcept { return is_open() ? journal_->disk() : JournalDisk{}; }

protected:
    // `record.segment` and `record.seq` are filled in. The result is false when the budget is full or
    // the disk fails. Where threads were not fast enough to prepare a segment it is prepared here if
    // prepares_late: a request that waits is better than a record that is lost. Who sends again is
    // refused instead, and the next segment is asked for as soon as one is begun.
    template <auto max_bytes, auto write, class Record>
    RecordRef append_record(Record& record) noexcept {
        if (!journal_) {
            return {};
        }
        JournalWriter& writer = journal_->writer();
        // Any segment's name is as long as this one, and reserve() may go on to another segment.
        constexpr std::string_view kAnySegment = "00000000-0000-0000-0000-000000000000";
        record.segment = kAnySegment;
        const size_t bytes = max_bytes(record);
        char* room = writer.reserve(bytes);
        if (room == nullptr) [[unlikely]] {
            room = reserve_late(bytes);
            if (room == nullptr) {
                return {};
            }
        }
        record.segment = {writer.segment_text(), kAnySegment.size()};
        record.seq = writer.next_seq();
        const RecordRef reference = writer.commit(write(record, room));
        appended_(++waiting_);
        if (record.seq == 0 && !options_.prepares_late) [[unlikely]] {
            prepare_early();
        }
        return reference;
    }

    const StoreOptions& store_options() const noexcept { return options_.store; }

private:
    struct Opening;

    char* reserve_late(size_t bytes) noexcept;
    void prepare_early() noexcept;
    void open_later();
    void take(Opening& opening);

    RecordJournalOptions options_;
    WorkerCounters& counters_;
    SyncCounters& syncs_;
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
