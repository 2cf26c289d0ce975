// Everything one worker has of one kind of journal, and the work that threads do for it. The event
// loop asks for a task, runs it on a thread, and gives it back:
//
//   while (auto task = journal.next_task(now_ms)) → thread: task->run() → loop:
//   journal.finish(*task, now_ms)
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "journal/delivery.hpp"
#include "journal/store.hpp"
#include "journal/writer.hpp"

namespace coupon {

/// One piece of blocking work. Needs nothing of the event loop while it runs, and may be destroyed
/// unfinished.
class JournalTask {
  public:
    enum class Kind { prepare, adopt, load, retire, discard };

    /// On a thread, once.
    void run() noexcept;

    Kind kind() const noexcept { return kind_; }

  private:
    friend class WorkerJournal;

    JournalTask(Kind kind, std::shared_ptr<JournalStore> store) noexcept
        : kind_(kind), store_(std::move(store)) {}
    void run_throwing();

    Kind kind_;
    std::shared_ptr<JournalStore> store_;
    std::string error_;
    PrepareResult prepared_;
    AdoptResult adopted_;
    LoadRequest to_load_;
    std::unique_ptr<LoadedRecords> loaded_;
    std::unique_ptr<SegmentFile> to_retire_;
    bool retired_ = false;
    Discarded discarded_;
};

/// What the log and the metrics should know after a task.
struct JournalNews {
    std::vector<std::string> warnings;  // each is said once, not per retry
    size_t adopted_segments = 0;
    uint64_t unreadable_records = 0;
    bool prepare_failed = false;
};

class WorkerJournal {
  public:
    /// Blocks: for a worker's start, before it accepts. Takes over what dead writers left and
    /// prepares the first segment; where that is not possible the journal starts without one and
    /// `news` says so. Nothing: `error` says why. `syncs`: tickets of the writer are going to be
    /// used.
    static std::unique_ptr<WorkerJournal> start(StoreOptions options,
                                                std::shared_ptr<SegmentMap> map, bool syncs,
                                                uint64_t now_ms, JournalNews& news,
                                                std::string& error);

    /// Seals what is written to: whoever adopts it need not scan it.
    ~WorkerJournal() { writer_.seal_current(); }

    JournalWriter& writer() noexcept { return writer_; }
    Delivery& delivery() noexcept { return delivery_; }
    SegmentMap& map() noexcept { return store_->map(); }
    const JournalStore& store() const noexcept { return *store_; }

    /// True while no segment can be prepared because the budget holds unsettled ones only.
    bool full() const noexcept { return full_; }

    /// Bytes of the segments of this kind, of all writers, that hold unsettled records; as of the
    /// last adopting.
    uint64_t occupied_bytes() const noexcept {
        return occupied_segments_ * store_->options().segment_bytes;
    }

    /// As of the last adopting, which a thread does: a disk may let who asks wait.
    const JournalDisk& disk() const noexcept { return disk_; }

    /// The next thing a thread should do; null for now. Ask every 10–50 ms.
    std::unique_ptr<JournalTask> next_task(uint64_t now_ms);

    /// Prepares a segment here and now: blocks, for the case that threads were not fast enough.
    JournalNews prepare_now(uint64_t now_ms);

    /// On the loop, after run.
    JournalNews finish(JournalTask& task, uint64_t now_ms);

  private:
    WorkerJournal(std::shared_ptr<JournalStore> store, bool syncs);

    std::unique_ptr<JournalTask> make(JournalTask::Kind kind) const;
    void finish_prepare(JournalTask& task, uint64_t now_ms, JournalNews& news);
    void finish_adopt(JournalTask& task, uint64_t now_ms, JournalNews& news);
    void finish_load(JournalTask& task, uint64_t now_ms, JournalNews& news);
    void finish_retire(JournalTask& task, uint64_t now_ms, JournalNews& news);

    std::shared_ptr<JournalStore> store_;
    Delivery delivery_;
    JournalWriter writer_;
    bool preparing_ = false;
    bool adopting_ = false;
    bool retiring_ = false;
    bool full_ = false;
    uint64_t occupied_segments_ = 0;
    JournalDisk disk_;
    uint64_t prepare_at_ms_ = 0;
    uint64_t adopt_at_ms_ = 0;
    uint64_t retire_at_ms_ = 0;
    std::string prepare_error_;
    std::string adopt_error_;
    std::vector<std::string> adopt_warnings_;
    std::string retire_error_;
    std::unique_ptr<SegmentFile> to_retire_;  // failed once, tried again
};

}  // namespace coupon
