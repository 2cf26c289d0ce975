// One record of a segment: how it is laid out, checked, and found again behind damage.
// Knows memory only, no files.
//
//   u32 length of the payload (stored last, with release) · u32 CRC-32C · u32 seq · u32 tag ·
//   payload
//
// Records start at multiples of 8. The CRC covers length, seq, tag and payload and starts from the
// segment's id; the tag is part of that id. So what a recycled file still holds of its former life
// never verifies, and is passed over without computing a CRC.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/multirange.hpp"
#include "core/uuid.hpp"

namespace coupon {

inline constexpr size_t kSegmentHeader_bytes = 4096;
inline constexpr size_t kRecordHeader_bytes = 16;

/// What a payload of this size takes in the file.
constexpr size_t record_bytes(size_t payload_bytes) noexcept {
    return (kRecordHeader_bytes + payload_bytes + 7) & ~size_t{7};
}

/// The most records that a file of this size can hold; whatever a header says, it is no more.
constexpr uint64_t records_max(uint64_t file_bytes) noexcept {
    return file_bytes <= kSegmentHeader_bytes
               ? 0
               : (file_bytes - kSegmentHeader_bytes) / record_bytes(1);
}

/// What ties a record to its segment; computed once per segment.
struct RecordKey {
    uint32_t tag = 0;   // never 0, so zeroed bytes are no record
    uint32_t seed = 0;  // the CRC of the segment's id
};

RecordKey record_key(const Uuid& segment) noexcept;

/// Completes the record whose payload stands at `payload`, inside a mapped segment. Whoever sees
/// its length sees all of it; a process killed in the middle leaves no record.
void publish_record(RecordKey key, char* payload, uint32_t payload_bytes, uint32_t seq) noexcept;

/// The payload of record `seq` at `at`, or an empty view when there is none; looks at no byte from
/// `end` on.
std::string_view verified_record(RecordKey key, const char* at, const char* end,
                                 uint32_t seq) noexcept;

/// The payload of a record that is known to be whole.
std::string_view trusted_record(const char* at) noexcept;

/// Where the records of a segment are.
struct RecordIndex {
    std::vector<uint32_t> offsets;  // from the start of the file, by seq; 0: not readable

    uint32_t records() const noexcept { return static_cast<uint32_t>(offsets.size()); }
    SeqRanges unreadable() const;
};

/// Finds all records with seq < `limit` in the first `bytes` of a file at `base`. Behind damage it
/// goes on at the next place, in steps of 8, where a later record verifies. At least `expected`
/// entries are returned: records known to have been written but not found are unreadable.
RecordIndex scan_records(const Uuid& segment, const char* base, size_t bytes, uint32_t expected,
                         uint32_t limit = UINT32_MAX);

}  // namespace coupon
