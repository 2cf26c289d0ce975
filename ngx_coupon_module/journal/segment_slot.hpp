// The bytes of segments.map. Everything here is read by processes of other builds: change the
// version with the layout.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/uuid.hpp"

namespace coupon {

inline constexpr uint64_t kSegmentMapMagic = 0x50414d4e50554f43;  // "COUPNMAP"
inline constexpr uint32_t kSegmentMapVersion = 1;
inline constexpr size_t kSettledRanges_max = 16;

struct SegmentMapHeader {
    uint64_t magic;
    uint32_t version;
    uint32_t slot_bytes;
    uint32_t slots;
    std::atomic<uint32_t> high_water;  // slots from here on were never used
    std::atomic<uint64_t> settlements_read_ms;
};

enum class SlotState : uint32_t { free = 0, live = 1, done = 2 };

struct SettledRange {
    std::atomic<uint32_t> begin;
    std::atomic<uint32_t> end;
};

struct alignas(256) SegmentSlot {
    std::atomic<SlotState> state;
    std::atomic<uint32_t> kind;  // JournalKind, and kWriterOnly
    std::atomic<uint64_t> owner[2];
    std::atomic<uint64_t> segment[2];
    std::atomic<uint64_t> persisted_served;
    std::atomic<uint64_t> persisted_unjournaled;
    std::atomic<uint64_t> persisted_sealed;

    // The owner's line. The generation is part of the counter, so that counting for a segment whose
    // slot was freed fails instead of counting for another one.
    alignas(64) std::atomic<uint64_t> served;  // generation << 40 | count
    std::atomic<uint64_t> unjournaled;
    std::atomic<uint64_t> records;
    std::atomic<uint64_t> sealed;
    // Sequence lock of the ranges: odd while they change. A leader killed in between leaves it odd,
    // which readers take for "no news", and the next leader goes on from there.
    std::atomic<uint32_t> settled_version;
    std::atomic<uint32_t> settled_count;
    std::atomic<uint32_t> settled_crc;  // over segment id and ranges: true for this segment only

    alignas(64) SettledRange settled[kSettledRanges_max];
};

static_assert(sizeof(SegmentSlot) == 256);
static_assert(std::atomic<uint64_t>::is_always_lock_free);

inline constexpr uint32_t kWriterOnly = 0x100;
inline constexpr int kGenerationShift = 40;
inline constexpr uint64_t kServedMask = (uint64_t{1} << kGenerationShift) - 1;
inline constexpr uint32_t kGenerationMask = 0xffffff;

}  // namespace coupon
