// The files of one kind, from one writer's point of view: preparing, adopting, loading, retiring.
// Every function blocks and may run on any thread, several at once, while the event loop appends;
// what changes which files exist is done under the folder's `lock`.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "journal/folder.hpp"
#include "journal/segment_file.hpp"
#include "journal/segment_load.hpp"
#include "journal/segment_map.hpp"

namespace coupon {

struct StoreOptions {
    std::string directory;
    JournalKind kind = JournalKind::clicks;
    uint64_t budget_bytes = 0;   // all files of this kind and folder
    uint64_t segment_bytes = 0;  // a multiple of 4096
    uint64_t keep_ms = 0;        // how long settled segments stay, inside the budget
    std::string edge;
    bool durable = false;  // a prepared segment's name survives power loss (sync modes, webhooks)
    bool adopt_only = false;  // nothing is written: only what dead writers left is delivered
    uint64_t (*unix_ms)() = nullptr;  // for tests; else the system's clock
};

struct PrepareResult {
    std::unique_ptr<SegmentFile> segment;
    bool full = false;  // the budget is used up by unsettled segments
    std::string error;  // anything else, e.g. the disk is full
};

struct AdoptedSegment {
    std::unique_ptr<SegmentFile> file;  // sealed
    uint32_t records = 0;
    uint64_t age_ms = 0;                    // since about its first record
    std::unique_ptr<LoadedRecords> loaded;  // where it had to be read anyway
};

/// Of the file system below the journal; zeros where it cannot be looked at.
struct JournalDisk {
    uint64_t size_bytes = 0;
    uint64_t free_bytes = 0;
};

struct AdoptResult {
    std::vector<AdoptedSegment> segments;  // oldest first
    std::vector<std::string> warnings;     // damaged files, one sentence each
    bool more = false;                     // call again
    uint64_t occupied_segments = 0;        // of this kind, of all writers: with unsettled records
    JournalDisk disk;
    std::string error;
};

class JournalStore {
  public:
    /// Makes the writer's folder, takes its lock for this object's life, and its slot in the map.
    /// Nothing: `error` says why.
    static std::unique_ptr<JournalStore> open(StoreOptions options, std::shared_ptr<SegmentMap> map,
                                              std::string& error);

    const StoreOptions& options() const noexcept { return options_; }
    SegmentMap& map() const noexcept { return *map_; }
    const std::shared_ptr<SegmentMap>& shared_map() const noexcept { return map_; }
    const Uuid& owner() const noexcept { return owner_; }

    /// The slot that counts what could not be journaled at all.
    SlotId writer_slot() const noexcept { return writer_slot_; }

    /// A segment ready to be written to: written anew when one is settled for longer than keep,
    /// else created inside the budget, else the oldest settled one, else full.
    PrepareResult prepare();

    /// Takes over up to `segments_max` segments of dead writers, sealed and counted; also marks
    /// slots whose files are gone, and frees slots that are done and persisted.
    AdoptResult adopt(size_t segments_max);

    /// Reads a sealed segment for sending. Nothing: `error` says why, try again later.
    std::unique_ptr<LoadedRecords> load(const Uuid& segment, uint64_t file_bytes, uint32_t records,
                                        std::string& error) const;

    /// A segment whose records are all accounted for, or that was never written to: kept as
    /// settled, or removed when the budget is exceeded; its slot is done. False: `error` says why,
    /// try again.
    bool retire(const Uuid& segment, SlotId slot, bool used, std::string& error);

  private:
    JournalStore(StoreOptions options, std::shared_ptr<SegmentMap> map) noexcept
        : options_(std::move(options)), map_(std::move(map)) {}

    uint64_t unix_ms() const;
    bool expired(const SegmentName& settled, uint64_t now_ms) const noexcept;
    uint64_t used_bytes() const;
    UniqueFd take_file(const std::string& path, PrepareResult& result) const;
    UniqueFd reuse(const SegmentName& settled, const std::string& path, std::string& error) const;
    UniqueFd create(const std::string& path, std::string& error) const;
    bool settle_file(const Uuid& segment, bool used, std::string& error) const;
    void remove_surplus() const;
    void adopt_from(const Uuid& owner, size_t segments_max, AdoptResult& result);
    void adopt_file(const SegmentName& name, AdoptResult& result);
    std::unique_ptr<SegmentFile> repair(const SegmentName& name, std::string& error) const;
    uint64_t sweep_slots(const std::vector<Uuid>& living);

    StoreOptions options_;
    std::shared_ptr<SegmentMap> map_;
    Uuid owner_;
    std::string folder_;  // writers/<owner>
    std::optional<FileLock> owner_lock_;
    SlotId writer_slot_;
};

}  // namespace coupon
