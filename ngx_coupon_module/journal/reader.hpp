// A journal folder seen from outside: for couponctl and tests. Changes nothing; files may move
// while they are looked at.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "journal/folder.hpp"
#include "journal/segment_load.hpp"
#include "journal/segment_map.hpp"

namespace coupon {

struct SegmentInfo {
    Uuid id;
    JournalKind kind = JournalKind::clicks;
    std::string edge;
    std::string path;
    bool retired = false;  // in settled/: every record is in PostgreSQL
    OwnerState owner = OwnerState::unknown;
    uint64_t created_ms = 0;
    uint64_t file_bytes = 0;
    uint64_t sealed = kOpen;  // number of records, once nothing more is written
    uint32_t cursor = 0;      // all below was sent at least once
    uint64_t committed = 0;   // by segments.map; 0 without a map
    std::string damage;       // of the header; the records may be readable all the same
};

struct ReadResult {
    uint32_t records = 0;     // readable
    uint32_t unreadable = 0;  // known to have been written, but damaged
    std::string error;        // the file could not be read at all
};

class JournalReader {
  public:
    /// Nothing: `error` says why. A folder without segments.map (a copied disk) is fine.
    static std::unique_ptr<JournalReader> open(const std::string& directory, std::string& error);

    /// Segments of writers, and where asked for those in settled/. In no particular order.
    std::vector<SegmentInfo> list(bool with_retired) const;

    /// Calls `visit` for each readable record in order. What is being written to is read up to the
    /// last record that was committed before. A segment that was moved meanwhile is looked for.
    ReadResult read(const SegmentInfo& segment,
                    const std::function<void(uint32_t seq, std::string_view payload)>& visit) const;

    /// Null without segments.map.
    const SegmentMap* map() const noexcept { return map_.get(); }

  private:
    explicit JournalReader(std::string directory) : directory_(std::move(directory)) {}

    SegmentInfo describe(const SegmentName& name, OwnerState owner) const;

    std::string directory_;
    std::shared_ptr<const SegmentMap> map_;
};

}  // namespace coupon
