// What a catalogue zone looks like in memory:
//   ZonePrefix | CatalogHeader | Bucket[] | use marks, a byte a bucket | MissSlot[] | Cell[]
// Everything but the use marks is 64-bit words, addressed by cell and bucket numbers: the
// zone may be mapped anywhere.
#pragma once

#include <cstddef>
#include <cstdint>

#include "catalog/miss_table.hpp"
#include "catalog/redo_log.hpp"
#include "catalog/zone_prefix.hpp"

namespace coupon {

// A piece of an entry. Pieces are of one size, so free space cannot fragment.
//   first cell    word 0  next entry of the uuid chain (low), of the offer-id chain (high)
//                 word 1  entry bytes (low), load generation (high)
//                 words 2-6, low half of 7: the first 44 bytes of the entry
//   other cells   words 0-6, low half of 7: 60 bytes of the entry
//   every cell    high half of word 7: the entry's next cell, or the next free cell
// Number 0 is no cell.
struct Cell {
    static constexpr std::size_t kFirstBytes = 44;
    static constexpr std::size_t kOtherBytes = 60;
    static constexpr std::size_t kLinks = 0, kStamp = 1, kFirstPayload = 2, kTail = 7;
    std::uint64_t word[8];
};
static_assert(sizeof(Cell) == 64);

constexpr std::uint32_t cells_for(std::size_t entry_bytes) noexcept {
    return entry_bytes <= Cell::kFirstBytes
               ? 1
               : 1 + static_cast<std::uint32_t>(
                         (entry_bytes - Cell::kFirstBytes + Cell::kOtherBytes - 1) /
                         Cell::kOtherBytes);
}

struct Bucket {
    std::uint64_t
        version;          // +1 in every change of the uuid chain, after it, before cells are freed
    std::uint64_t heads;  // first entry of the uuid chain (low), of the offer-id chain (high)
};

struct CatalogHeader {
    static constexpr std::uint64_t kMagic = 0x31474c5443504343;  // "CCPCTLG1"
    static constexpr std::uint64_t kVersion = 2;  // also another one when ZoneLayout::of() changes

    std::uint64_t hash_key[2];
    std::uint64_t unused[6];  // what readers load stands apart from what writers store

    std::uint64_t free_head;    // list of freed cells
    std::uint64_t free_listed;  // its length
    std::uint64_t fresh;        // cells from here on were never used
    std::uint64_t entries;
    std::uint64_t evictions;
    std::uint64_t absent_changes;  // changes of an offer id that had no entry
    std::uint64_t clock_hand;      // bucket where the next eviction looks first

    std::uint64_t load_generation;
    std::uint64_t evictions_at_begin;  // of the full load under way
    std::uint64_t evictions_at_load;   // of the last one that was finished
    std::uint64_t loaded_full_ms;      // 0: never
    std::uint64_t log_read_ms;
    std::uint64_t system_identifier;
    std::uint64_t cursor;

    RedoLog log;
    alignas(64) pthread_mutex_t miss_lock;
};

struct ZoneLayout {
    std::uint32_t bucket_count;
    std::uint32_t cell_end;  // cells are numbered 1 … cell_end - 1
    std::size_t miss_slots;
    std::size_t buckets_at, marks_at, misses_at, cells_at;  // byte offsets

    // Throws std::invalid_argument when the zone is below CatalogZone::kMinBytes.
    static ZoneLayout of(std::size_t zone_bytes);
};

}  // namespace coupon
