// Appending, on one event loop: reserve, write the payload in place, commit. No system call, no
// lock, no allocation; what takes time (preparing, syncing) is done by others on threads.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "journal/delivery.hpp"
#include "journal/record.hpp"

namespace coupon {

/// A committed record, to be remembered until its answer is sent.
struct RecordRef {
    SlotId slot;
    uint32_t seq = 0;
    uint64_t commit_number = 0;  // counts this writer's commits from 1; 0: nothing was committed

    explicit operator bool() const noexcept { return commit_number != 0; }
};

/// One fdatasync: which records it covers. Made and finished on the loop, run on a thread.
class SyncTicket {
  public:
    /// Blocks until the disk has everything that was committed when the ticket was made. False:
    /// `error` says why, and those records may never be on disk.
    bool run(std::string& error) const;

    /// Records with a commit_number up to this one are covered.
    uint64_t covers() const noexcept { return covers_; }

  private:
    friend class JournalWriter;

    struct Part {
        std::shared_ptr<SegmentBody> body;
        Uuid segment;
        uint32_t records;
    };

    std::vector<Part> parts_;
    uint64_t covers_ = 0;
};

class JournalWriter {
  public:
    /// `writer_slot` counts what is not journaled. All three outlive the writer.
    JournalWriter(SegmentMap& map, SlotId writer_slot, Delivery& delivery) noexcept
        : map_(map), writer_slot_(writer_slot), delivery_(delivery) {}

    // --- the request path --------------------------------------------------------------------

    /// Room for a payload of up to `max_bytes` (at least 1), or null: no segment is ready, or it
    /// could never fit. May go on to the next segment, so it comes before segment_text and
    /// next_seq. To be followed by commit without any other reserve between, or by nothing.
    char* reserve(size_t max_bytes) noexcept {
        size_t needed = record_bytes(max_bytes);
        if (needed > room_ && !next_segment(needed)) [[unlikely]] {
            return nullptr;
        }
        return at_ + kRecordHeader_bytes;
    }

    /// Of the record that was reserved: 36 characters, and the number of the record.
    const char* segment_text() const noexcept { return current_->text; }
    const Uuid& segment() const noexcept { return current_->id(); }
    uint32_t next_seq() const noexcept { return current_->records; }

    /// The reserved record is in the journal with its first `bytes` (1…max_bytes); a kill of the
    /// process from here on does not lose it.
    RecordRef commit(size_t bytes) noexcept;

    /// The answer to a committed record is being sent. Any time after commit; false when the record
    /// is settled for so long that nobody needs the count.
    bool count_served(const RecordRef& record) noexcept { return map_.count_served(record.slot); }

    /// An answer is being sent without a record.
    void count_unjournaled() noexcept { map_.count_unjournaled(writer_slot_); }

    // --- around it ---------------------------------------------------------------------------

    bool wants_spare() const noexcept { return spares_.size() < kSpares_max; }
    void give_spare(std::unique_ptr<SegmentFile> prepared);

    /// Nothing more goes into the current segment. At exit (saves the adopter a scan), and after a
    /// failed sync.
    void seal_current() noexcept;

    // --- group commit ------------------------------------------------------------------------

    /// How many records were ever committed; how many of them are known to be on disk.
    uint64_t committed() const noexcept { return committed_; }
    uint64_t synced() const noexcept { return synced_; }

    /// At most one ticket at a time: begin on the loop, run on a thread, finish on the loop.
    SyncTicket begin_sync() const;

    /// `good` is what run returned. Otherwise the segment is left, since a second fdatasync would
    /// report success for pages that the first one could not write.
    void finish_sync(const SyncTicket& ticket, bool good) noexcept;

  private:
    static constexpr size_t kSpares_max = 2;

    bool next_segment(size_t needed) noexcept;

    SegmentMap& map_;
    SlotId writer_slot_;
    Delivery& delivery_;
    DeliverySegment* current_ = nullptr;
    char* at_ = nullptr;  // where the next record begins
    size_t room_ = 0;
    RecordKey key_;
    std::atomic<uint64_t>* map_records_ = nullptr;
    uint64_t committed_ = 0;
    uint64_t synced_ = 0;
    std::list<DeliverySegment> spares_;
};

}  // namespace coupon
