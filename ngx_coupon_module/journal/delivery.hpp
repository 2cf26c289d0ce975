// Which records of one worker and kind are to be sent, were sent, are settled. Bookkeeping only: no
// system call, no clock (times are given: milliseconds of CLOCK_MONOTONIC, the same in all
// workers), no Redis. One event loop uses it.
//
// Per segment: everything is handed out once in order (next_new), and again where that is due
// (resend): after a changed epoch, or when overdue. What is settled is never handed out again.
#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "journal/delivery_segment.hpp"
#include "journal/store.hpp"

namespace coupon {

struct DeliveryLimits {
    size_t mapped_max = 8;  // sealed segments that stay mapped although they wait
    size_t loaded_max = 2;  // segments read back for sending
    uint64_t resend_after_ms = 60'000;
    uint64_t resend_after_max_ms = 960'000;  // the doubling ends here
};

/// Records to be sent in this order with one command. Empty: nothing to send now.
struct SendBatch {
    uint64_t token = 0;
    std::span<const std::string_view> records;  // valid until the next call into the Delivery
    size_t bytes = 0;
};

struct DeliveryTick {
    uint64_t now_ms = 0;
    uint64_t unix_ms = 0;
    bool queue_empty = false;          // the queue and all claims were seen empty a moment ago
    uint64_t settlements_read_ms = 0;  // SegmentMap::settlements_read_ms()
};

struct DeliveryCounts {
    uint64_t unsent = 0;           // includes what waits for an answer
    uint64_t in_flight = 0;        // sent, not settled
    uint64_t in_flight_bytes = 0;  // by the average record of each segment
    uint64_t unreadable = 0;       // damaged records of the present segments
    uint64_t segments = 0;
    uint64_t oldest_unsettled_ms = 0;  // age of the oldest unsettled record, about 1 s too high
};

struct LoadRequest {
    Uuid segment;
    uint64_t file_bytes = 0;
    uint32_t records = 0;
};

/// Memory to be given back on a thread, since unmapping takes time.
struct Discarded {
    std::vector<std::shared_ptr<SegmentBody>> bodies;
    std::vector<std::unique_ptr<LoadedRecords>> loaded;

    bool empty() const noexcept { return bodies.empty() && loaded.empty(); }
};

class Delivery {
  public:
    /// `keep_until_synced`: segments stay mapped until their records are on disk.
    explicit Delivery(SegmentMap& map, bool keep_until_synced, DeliveryLimits limits = {});

    // --- sending -----------------------------------------------------------------------------

    /// Redis' run_id and the queue's generation, hashed; call on every connect and whenever one of
    /// them changed. Nothing is handed out before the first call. A new value: all that is not
    /// settled is handed out again, answers to older batches do not count.
    void on_epoch(uint64_t epoch);

    /// The oldest segment's records that are due, of one segment, at least one record whatever
    /// `bytes_max`. Several batches may be without an answer at a time.
    SendBatch next_batch(size_t records_max, size_t bytes_max);

    /// Redis has the batch / does not have it, or nobody knows. One of the two, once per token.
    void on_sent(uint64_t token, uint64_t now_ms);
    void on_not_sent(uint64_t token);

    /// How many records wait to be handed out, counted no further than `enough`. Cheap, unlike
    /// counts.
    uint64_t waiting(uint64_t enough) const noexcept;

    // --- settling ----------------------------------------------------------------------------

    /// Takes in what the leader published, re-sends what is overdue, retires what is done. About
    /// once a second, or more often.
    void tick(const DeliveryTick& tick);

    /// For callers that read PostgreSQL themselves; tick does this from segments.map.
    void on_settled(const Uuid& segment, const SeqRanges& settled);

    // --- work for threads --------------------------------------------------------------------

    void adopt(AdoptedSegment&& adopted, uint64_t now_ms);

    /// A segment that must be read before it can be sent; then finish_load, with nothing if it
    /// failed.
    std::optional<LoadRequest> take_load(uint64_t now_ms);
    void finish_load(const Uuid& segment, std::unique_ptr<LoadedRecords> loaded, uint64_t now_ms);

    /// A segment without anything left to do, for JournalStore::retire; null: none.
    std::unique_ptr<SegmentFile> take_retired();

    Discarded take_discarded() noexcept;

    /// For metrics, about once a second: it looks at every segment.
    DeliveryCounts counts() const;

    // --- for JournalWriter: no allocation ------------------------------------------------------

    /// Moves a spare to the end of the list: it is written to from now on.
    DeliverySegment& begin_segment(std::list<DeliverySegment>& spares) noexcept;

    /// In order; the one that is written to is the last.
    std::list<DeliverySegment>& segments() noexcept { return segments_; }

  private:
    struct Outstanding {
        uint64_t token;
        DeliverySegment* segment;
        uint32_t epoch;
        std::vector<SeqRange> ranges;
    };

    std::optional<Outstanding> take_outstanding(uint64_t token);
    void hand_out(DeliverySegment& segment, SeqRange range, size_t records_max, size_t bytes_max,
                  Outstanding& batch);
    void enter_epoch(DeliverySegment& segment);
    void store_progress(DeliverySegment& segment) const noexcept;
    void remember_sent(DeliverySegment& segment, SeqRange range, uint64_t now_ms);
    void settle(DeliverySegment& segment, const SeqRanges& settled);
    void resend_overdue(DeliverySegment& segment, const DeliveryTick& tick);
    void mark_time(DeliverySegment& segment, const DeliveryTick& tick);
    void discard_sent(DeliverySegment& segment);
    void limit_mapped();
    size_t loaded_count() const noexcept;
    bool may_unmap(const DeliverySegment& segment) const noexcept;

    SegmentMap& map_;
    bool keep_until_synced_;
    DeliveryLimits limits_;
    std::list<DeliverySegment> segments_;  // adopted, then own, oldest first
    std::deque<Outstanding> outstanding_;
    std::vector<std::string_view> batch_;
    size_t batch_bytes_ = 0;
    std::vector<std::unique_ptr<SegmentFile>> retired_;
    Discarded discarded_;
    uint32_t epoch_ = 0;
    uint64_t last_token_ = 0;
    uint64_t last_order_ = 0;
    uint64_t settled_order_ = 0;  // the latest group of which a record is settled
    uint64_t now_ms_ = 0;         // of the last tick
};

}  // namespace coupon
