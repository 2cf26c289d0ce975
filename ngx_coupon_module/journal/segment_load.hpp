// A segment's records in private memory, every CRC checked: what is sent from here cannot be torn,
// and neither a disk error nor a truncated file is a signal. Blocks: for threads, not event loops.
#pragma once

#include <memory>
#include <string>

#include "journal/record.hpp"

namespace coupon {

struct LoadedRecords {
    std::unique_ptr<char[]> bytes;  // as in the file, from its start
    size_t size = 0;
    RecordIndex index;

    bool readable(uint32_t seq) const noexcept {
        return seq < index.offsets.size() && index.offsets[seq] != 0;
    }
    std::string_view payload(uint32_t seq) const noexcept {
        return trusted_record(bytes.get() + index.offsets[seq]);
    }
};

/// Reads at most `bytes_max` of a file. `expected` records are known to have been written, none has
/// a seq of `limit` or more. A missing or short file makes records unreadable and is no error; a
/// failing disk or no memory is one (nothing is returned: try again).
std::unique_ptr<LoadedRecords> load_records(const std::string& path, const Uuid& segment,
                                            size_t bytes_max, uint32_t expected, uint32_t limit,
                                            std::string& error);

}  // namespace coupon
