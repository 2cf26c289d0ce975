// What one event loop knows about one of its unsettled segments. Plain state for JournalWriter and
// Delivery, which both live on that loop.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "core/multirange.hpp"
#include "journal/segment_file.hpp"
#include "journal/segment_load.hpp"

namespace coupon {

/// Records sent together, as far as re-sending cares.
struct SendGroup {
    uint32_t begin = 0;
    uint32_t end = 0;
    uint64_t first_ms = 0;
    uint64_t last_ms = 0;
    uint64_t order = 0;  // later groups of this loop have a higher one
};

/// All records from `seq` on were committed at `at_ms` or later.
struct TimeMark {
    uint32_t seq = 0;
    uint64_t at_ms = 0;
};

struct DeliverySegment {
    explicit DeliverySegment(std::unique_ptr<SegmentFile> opened);

    const Uuid& id() const noexcept { return file->identity().id; }
    bool resident() const noexcept { return loaded != nullptr || file->body() != nullptr; }

    /// Settled or unreadable, every one of them.
    bool all_done() const noexcept { return sealed && done.covers(0, records); }
    bool has_unsent() const noexcept { return !resend.empty() || next_new < records; }

    /// The payload of a committed record; only while resident, only of what is not in `done`.
    std::string_view payload(uint32_t seq);

    /// Average record size, header included.
    uint64_t average_bytes() const noexcept;

    std::unique_ptr<SegmentFile> file;
    char text[kUuidTextBytes];
    bool own = false;  // written by this process
    bool sealed = false;
    uint32_t records = 0;  // committed so far
    uint32_t synced = 0;   // on disk, where syncing is on

    // Memory: the body (written here) or a loaded copy.
    std::vector<uint32_t> offsets;
    uint32_t next_offset = kSegmentHeader_bytes;
    std::unique_ptr<LoadedRecords> loaded;
    bool loading = false;
    uint64_t load_not_before_ms = 0;

    // Sending.
    uint32_t epoch = 0;        // under which all below next_new was sent
    uint32_t next_new = 0;     // not handed out under this epoch from here on
    SeqRanges resend;          // below next_new, to be handed out again
    uint32_t outstanding = 0;  // batches without an answer
    std::vector<SendGroup> groups;
    // How long what was sent waits for its settlement: each re-send doubles it, for what is sent from
    // then on (order above backoff_order); what was sent before keeps its time.
    uint64_t resend_after_ms = 0;
    uint64_t earlier_resend_after_ms = 0;
    uint64_t backoff_order = 0;

    // Settling.
    SeqRanges done;
    uint32_t settled_version = 0;
    uint32_t unreadable = 0;
    std::vector<TimeMark> marks;
};

}  // namespace coupon
