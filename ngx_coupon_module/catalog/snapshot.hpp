// The catalogue on disk, so that an edge that starts without PostgreSQL knows its offers.
//   header  64 bytes: magic "CPNSNAP1", system identifier, cursor, entry count (u64 each, little
//           endian), zero bytes, at the end u32 CRC-32C of the 60 bytes before
//   record  u32 entry bytes, u32 CRC-32C of (entry bytes, entry), entry
// Blocking; for the master at start and a thread-pool thread afterwards.
#pragma once

#include <cstdint>
#include <string>

#include "catalog/catalog_zone.hpp"

namespace coupon {

struct SnapshotWritten {
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0;
    std::string error;  // empty: the file is in place and on disk
};

// Writes <path>.tmp (mode 0600), syncs it and renames it to path. Changes of the catalogue go
// on meanwhile: the cursor is taken first, so that reading the log from it repeats them.
// Refuses a catalogue that was never loaded in full: it would replace a better one.
SnapshotWritten write_snapshot(const std::string& path, const CatalogZone& zone);

struct SnapshotLoaded {
    std::uint64_t entries = 0;
    std::uint64_t damaged = 0;  // records that were skipped
    bool truncated = false;     // the file ends early
    bool in_full = false;       // all of it: the zone counts as loaded as of the file's cursor
    std::string error;          // nothing was loaded
};

// Fills a zone that was never loaded. Of a damaged file everything readable is taken, but the
// zone does not count as loaded and its cursor stays 0, so that PostgreSQL is read in full.
// now_ms as for finish_full_load; log_read_ms stays 0: nobody has read the log yet.
SnapshotLoaded load_snapshot(const std::string& path, CatalogZone& zone, std::uint64_t now_ms);

}  // namespace coupon
