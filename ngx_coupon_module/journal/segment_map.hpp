// segments.map: the small memory-mapped file that proves what was served. One slot per segment
// (and one per writer, for what could not be journaled), shared by all workers; survives SIGKILL of
// all of them, and outlives the segment's file until PostgreSQL has the numbers.
//
// Who may change what:
//   claim, adopt, mark_done, release_done   whoever holds the folder's `lock`
//   count_*, records, sealed                the process that owns the segment
//   publish_settled, mark_persisted         the leader (the worker that talks to PostgreSQL)
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/multirange.hpp"
#include "core/uuid.hpp"
#include "journal/kind.hpp"

namespace coupon {

struct SegmentSlot;

inline constexpr uint32_t kSegmentSlots_max = 16384;
inline constexpr uint64_t kOpen = UINT64_MAX;  // `sealed` of a segment that is still written to

/// A slot and the life of it that is meant; a slot given to another segment answers to no old
/// SlotId.
struct SlotId {
    uint32_t index = UINT32_MAX;
    uint32_t generation = 0;

    friend bool operator==(const SlotId&, const SlotId&) = default;
};

/// What PostgreSQL is told about a segment.
struct SegmentCounts {
    uint64_t served = 0;
    uint64_t unjournaled = 0;
    uint64_t sealed = kOpen;  // number of records

    friend bool operator==(const SegmentCounts&, const SegmentCounts&) = default;
};

/// A copy of one used slot.
struct SlotView {
    SlotId id;
    Uuid segment;
    Uuid owner;
    JournalKind kind = JournalKind::clicks;
    bool writer_only = false;  // a writer's own slot: counts unjournaled, has no file
    bool done = false;         // the file is gone; only the counts are left to be persisted
    uint64_t records = 0;      // committed so far
    SegmentCounts counts;
    SegmentCounts persisted;

    /// True when PostgreSQL lacks something of it. A slot that never counted anything needs no row.
    bool needs_row() const noexcept { return counts != persisted && !never_used(); }
    bool never_used() const noexcept;
};

class SegmentMap {
  public:
    /// Opens or creates `<directory>/segments.map` under the folder's lock; blocks. Nothing:
    /// `error` says why. An unreadable or foreign map is put aside as segments.map.damaged and
    /// replaced; `warning` then says so.
    static std::shared_ptr<SegmentMap> open(const std::string& directory, std::string& error,
                                            std::string& warning);

    /// For couponctl: nothing is changed, no lock is taken.
    static std::shared_ptr<const SegmentMap> open_read_only(const std::string& directory,
                                                            std::string& error);

    ~SegmentMap();
    SegmentMap(const SegmentMap&) = delete;
    SegmentMap& operator=(const SegmentMap&) = delete;

    // --- under the folder's lock -------------------------------------------------------------

    /// Takes a free slot; nothing when all are in use.
    std::optional<SlotId> claim(const Uuid& segment, const Uuid& owner, JournalKind kind,
                                bool writer_only) noexcept;

    /// The slot of a segment, used or done.
    std::optional<SlotId> find(const Uuid& segment) const noexcept;

    /// The segment goes on under another owner.
    void adopt(SlotId id, const Uuid& owner) noexcept;

    /// The segment's file is gone; the slot stays until its counts are persisted.
    void mark_done(SlotId id) noexcept;

    /// Frees the done slots whose counts PostgreSQL has. Returns how many.
    size_t release_done() noexcept;

    // --- by the owner; no system call, lock or allocation ------------------------------------

    /// Call when the answer's header is sent. False: the slot has been freed meanwhile (only after
    /// the click was settled), nothing is counted.
    bool count_served(SlotId id) noexcept;
    bool count_unjournaled(SlotId id) noexcept;

    /// Where the owner keeps the number of committed records, so that the loss of a file's tail is
    /// noticed.
    std::atomic<uint64_t>& records(SlotId id) noexcept;
    void seal(SlotId id, uint64_t records) noexcept;

    /// Settled ranges if they changed since `version` (start with 0), which is updated. A prefix of
    /// what PostgreSQL has: the first 16 ranges.
    std::optional<SeqRanges> settled_since(SlotId id, const Uuid& segment,
                                           uint32_t& version) const noexcept;

    /// When the leader last read all settlements, 0 for never; milliseconds of CLOCK_MONOTONIC.
    uint64_t settlements_read_ms() const noexcept;

    // --- by the leader -----------------------------------------------------------------------

    /// All used slots, in no order.
    void for_each(const std::function<void(const SlotView&)>& visit) const;
    std::optional<SlotView> view(SlotId id) const noexcept;

    /// Makes known what PostgreSQL says is settled. Ignored when the slot is no longer this
    /// segment's.
    void publish_settled(SlotId id, const Uuid& segment, const SeqRanges& settled) noexcept;

    /// The row in PostgreSQL now has at least these counts; call after the commit.
    void mark_persisted(SlotId id, const SegmentCounts& counts) noexcept;

    void set_settlements_read_ms(uint64_t now_ms) noexcept;

  private:
    SegmentMap(void* memory, size_t bytes) noexcept;
    SegmentSlot* slot(SlotId id) const noexcept;
    SlotView copy(uint32_t index) const noexcept;

    void* memory_;
    size_t bytes_;
    SegmentSlot* slots_;
};

}  // namespace coupon
