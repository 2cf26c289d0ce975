// Every offer an edge may redirect to, in memory shared by all NGINX processes. Readers take
// no lock and store nothing; one writer at a time changes an entry by building the new one in
// free cells and publishing it with one store, so a writer killed anywhere leaves either the
// old or the new entry, and a log that the next writer finishes. Knows no clock, no NGINX.
//
// Entries are the bytes of core/offer_entry.hpp; only the fixed fields in front of the
// program are looked at.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "catalog/keyed_hash.hpp"
#include "catalog/miss_table.hpp"
#include "catalog/shared_words.hpp"
#include "catalog/zone_layout.hpp"
#include "core/uuid.hpp"

namespace coupon {

enum class PutResult : std::uint8_t {
    stored,
    refused,   // not an entry of that uuid, or too long
    outdated,  // put_unless_changed: the offer was changed since the mark
    busy,      // another writer stands still, or the zone was laid out anew: try again later
};

enum class EraseResult : std::uint8_t { erased, absent, busy };

struct CatalogStats {
    std::size_t zone_bytes;
    std::uint64_t entries;
    std::uint64_t cells, free_cells;  // of sizeof(Cell) bytes
    std::uint64_t evictions;
    std::uint64_t evicted_since_full_load;
    std::uint64_t loaded_full_ms;  // 0: never; as given to finish_full_load
    std::uint64_t log_read_ms;
};

class CatalogZone {
  public:
    static constexpr std::size_t kMinBytes = 256 * 1024;
    // What lookup() may write: whole cells.
    static constexpr std::size_t kBufferBytes = 8192;

    // Attaches to `memory` (64-byte aligned, shared, owned by the caller, outlives this): keeps
    // what is there when it has this layout and size, else starts empty. To be made before
    // workers are forked, or by one process at a time; copies for other processes by fork.
    // Throws std::invalid_argument (too small, misaligned) or std::system_error.
    CatalogZone(void* memory, std::size_t bytes);

    // Whether the constructor found a catalogue of an earlier cycle (after a reload).
    bool kept() const noexcept { return kept_; }

    // --- reading: any process, no lock, no store to shared memory (unless entries were evicted)

    // Copies the entry to out and returns its length; 0 when there is none, or cap is too
    // small. cap = kBufferBytes fits any entry; bytes after the returned length may be written.
    std::size_t lookup(const Uuid& uuid, char* out, std::size_t cap) const noexcept;

    // Asks the processor for the line that lookup() reads first; something else is done meanwhile.
    void expect_lookup(const Uuid& uuid) const noexcept;

    // Calls visit with every entry of up to max_buckets buckets from position on (0 at first);
    // true when the end was reached. Entries changed meanwhile may be seen in either state.
    // Not for the request path: allocates.
    bool read_slice(std::size_t& position, std::size_t max_buckets,
                    const std::function<void(std::string_view)>& visit) const;

    CatalogStats stats() const noexcept;

    // --- writing: any process, one at a time; a few microseconds under the writers' lock

    // Adds or replaces the offer. load_generation marks it as seen by that full load.
    // Evicts others when the zone is full.
    PutResult put(const Uuid& uuid, std::string_view entry, std::uint32_t load_generation) noexcept;

    // For an answer to a miss: take the mark before asking PostgreSQL. If any change of the
    // offer was applied since, what was read may be older than that change and is not stored.
    std::uint64_t change_mark(const Uuid& uuid) const noexcept;
    PutResult put_unless_changed(const Uuid& uuid, std::string_view entry,
                                 std::uint64_t mark) noexcept;

    EraseResult erase(const Uuid& uuid) noexcept;
    EraseResult erase_by_offer_id(std::int64_t offer_id) noexcept;

    // Removes entries that are not of this load generation, in up to max_buckets buckets from
    // position on (0 at first); true when the end was reached.
    bool sweep_older(std::uint32_t load_generation, std::size_t& position,
                     std::size_t max_buckets) noexcept;
    // The same for entries whose expires_at is not after now_s.
    bool sweep_expired(std::int64_t now_s, std::size_t& position, std::size_t max_buckets) noexcept;

    // --- state of loading; written by the one worker that reads PostgreSQL (and by the snapshot)

    std::uint32_t begin_full_load() noexcept;  // the new load generation
    // now_ms: CLOCK_BOOTTIME, here and below; never 0.
    void finish_full_load(std::uint64_t system_identifier, std::uint64_t cursor,
                          std::uint64_t now_ms) noexcept;
    // The same for a snapshot: nobody has read the log from its cursor on, so it is not complete.
    void restore_full_load(std::uint64_t system_identifier, std::uint64_t cursor,
                           std::uint64_t now_ms) noexcept;
    void log_read(std::uint64_t cursor, std::uint64_t now_ms) noexcept;

    std::uint32_t load_generation() const noexcept;
    std::uint64_t system_identifier() const noexcept;  // 0: unknown
    std::uint64_t cursor() const noexcept;             // catalog_log is read from this xid8 on
    bool loaded_once() const noexcept;
    // Loaded in full, nothing evicted since, change log read less than max_age_ms ago: an offer
    // that lookup() does not find does not exist.
    bool complete(std::uint64_t now_ms, std::uint64_t max_age_ms = 5000) const noexcept;

    // --- misses: single flight per offer across processes; now_ms of one monotonic clock

    MissClaim claim_miss(const Uuid& uuid, std::uint64_t now_ms, std::uint64_t timeout_ms) noexcept;
    // False: another process stands still with the lock; to be told again in a few ms.
    bool settle_miss(const Uuid& uuid, std::uint64_t unknown_until_ms) noexcept;
    void clear_miss(const Uuid& uuid) noexcept;

    // Walks the whole zone under the writers' lock: every cell in exactly one place, every
    // count right. The reason when not. For tests and diagnosis; takes as long as it takes.
    std::optional<std::string_view> find_damage();

  private:
    // Instead of an entry's length: the bucket was changed while it was read.
    static constexpr std::size_t kChanged = SIZE_MAX;
    class Writer;

    bool usable() const noexcept { return load_word(prefix_->instance) == instance_; }
    std::uint64_t hash(const Uuid& uuid) const noexcept;
    Bucket& bucket_of(std::uint64_t hash) const noexcept;
    Bucket& id_bucket(std::int64_t offer_id) const noexcept;
    void mark_use(const Bucket& bucket) const noexcept;

    std::size_t read_entry(const Bucket& bucket, const Uuid& uuid, char* out,
                           std::size_t cap) const noexcept;
    std::size_t copy_entry(const Cell& first, char* out, std::size_t cap) const noexcept;
    std::size_t lookup_contended(const Bucket& bucket, const Uuid& uuid, char* out,
                                 std::size_t cap) const noexcept;
    bool read_bucket(const Bucket& bucket, std::vector<char>& entries,
                     std::vector<std::size_t>& lengths) const;
    template <class Stale>
    bool sweep(std::size_t& position, std::size_t max_buckets, Stale stale) noexcept;

    std::byte* memory_;
    ZonePrefix* prefix_;
    CatalogHeader* header_;
    Bucket* buckets_;
    std::uint8_t* marks_;
    Cell* cells_;
    ZoneLayout layout_;
    std::uint64_t instance_ = 0;
    HashKey hash_key_;
    MissTable misses_;
    bool kept_ = false;
};

}  // namespace coupon
