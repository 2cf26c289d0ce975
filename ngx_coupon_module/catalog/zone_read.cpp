// The readers' side of CatalogZone. A reader takes the bucket's version, follows links that
// may be stale, and believes what it read only if the version is still the same: a writer
// raises it after unlinking an entry and before the entry's cells can be used again.
#include <atomic>
#include <cstring>

#include "catalog/catalog_zone.hpp"
#include "catalog/shared_lock.hpp"
#include "catalog/shared_words.hpp"
#include "core/offer_entry.hpp"

namespace coupon {
namespace {

// A retry means that this very bucket was changed during the read of one entry.
constexpr int kRetriesMax = 200;
constexpr unsigned kLockWaitMs = 5;
// A stale chain may be a circle; a real one is hardly ever this long.
constexpr unsigned kStepsBetweenChecks = 64;

void put_word(char* out, std::uint64_t word) noexcept {
    std::memcpy(out, &word, sizeof word);
}

// Words from `from` up to the tail, and the four bytes in the tail; returns the tail.
template <std::size_t From>
std::uint64_t copy_cell(const Cell& cell, char* out) noexcept {
    for (std::size_t i = From; i < Cell::kTail; ++i) {
        put_word(out + (i - From) * sizeof(std::uint64_t), load_word(cell.word[i]));
    }
    const std::uint64_t tail = load_word(cell.word[Cell::kTail]);
    const std::uint32_t bytes = low_half(tail);
    std::memcpy(out + (Cell::kTail - From) * sizeof(std::uint64_t), &bytes, sizeof bytes);
    return tail;
}

}  // namespace

std::uint64_t CatalogZone::hash(const Uuid& uuid) const noexcept {
    std::uint64_t id[2];
    std::memcpy(id, uuid.bytes.data(), sizeof id);
    const auto product =
        static_cast<unsigned __int128>(id[0] ^ hash_key_[0]) * (id[1] ^ hash_key_[1]);
    return static_cast<std::uint64_t>(product >> 64) ^ static_cast<std::uint64_t>(product);
}

Bucket& CatalogZone::bucket_of(std::uint64_t hash) const noexcept {
    return buckets_[(hash >> 32) * layout_.bucket_count >> 32];
}

Bucket& CatalogZone::id_bucket(std::int64_t offer_id) const noexcept {
    const auto product =
        static_cast<unsigned __int128>(static_cast<std::uint64_t>(offer_id) ^ hash_key_[0]) *
        (hash_key_[1] | 1);
    return bucket_of(static_cast<std::uint64_t>(product >> 64) ^
                     static_cast<std::uint64_t>(product));
}

std::size_t CatalogZone::lookup(const Uuid& uuid, char* out, std::size_t cap) const noexcept {
    const Bucket& bucket = bucket_of(hash(uuid));
    std::size_t length = 0;
    for (int retry = 0; retry < kRetriesMax; ++retry) {
        const Read read = read_entry(bucket, uuid, out, cap, length);
        if (read == Read::found) [[likely]] {
            if (load_word(prefix_->pressure) != 0) [[unlikely]] {
                mark_use(bucket);
            }
            return length;
        }
        if (read == Read::absent) {
            return 0;
        }
    }
    return lookup_contended(bucket, uuid, out, cap);
}

// Without writers a read cannot fail; a writer that died has left a state to read in.
std::size_t CatalogZone::lookup_contended(const Bucket& bucket, const Uuid& uuid, char* out,
                                          std::size_t cap) const noexcept {
    SharedLock lock(prefix_->lock, kLockWaitMs);
    std::size_t length = 0;
    return read_entry(bucket, uuid, out, cap, length) == Read::found ? length : 0;
}

CatalogZone::Read CatalogZone::read_entry(const Bucket& bucket, const Uuid& uuid, char* out,
                                          std::size_t cap, std::size_t& length) const noexcept {
    std::uint64_t id[2];
    std::memcpy(id, uuid.bytes.data(), sizeof id);
    const std::uint64_t version = load_word(bucket.version);
    std::uint32_t number = low_half(load_word(bucket.heads));
    Read read = Read::absent;
    for (unsigned steps = 1; number != 0; ++steps) {
        if (number >= layout_.cell_end ||
            (steps % kStepsBetweenChecks == 0 && load_word(bucket.version) != version)) {
            return Read::changed;
        }
        const Cell& cell = cells_[number];
        if (load_word(cell.word[Cell::kFirstPayload]) == id[0] &&
            load_word(cell.word[Cell::kFirstPayload + 1]) == id[1]) {
            read = copy_entry(cell, out, cap, length);
            break;
        }
        number = low_half(load_word(cell.word[Cell::kLinks]));
    }
    if (load_word(bucket.version) != version) {
        return Read::changed;
    }
    return usable() ? read : Read::absent;
}

CatalogZone::Read CatalogZone::copy_entry(const Cell& first, char* out, std::size_t cap,
                                          std::size_t& length) const noexcept {
    // Entries of a fresh load lie in neighbouring cells.
    __builtin_prefetch(&first + 1);
    __builtin_prefetch(&first + 2);
    __builtin_prefetch(&first + 3);
    length = low_half(load_word(first.word[Cell::kStamp]));
    if (length > kOfferEntryMaxBytes) {
        return Read::changed;
    }
    const std::uint32_t others = cells_for(length) - 1;
    if (cap < Cell::kFirstBytes + others * Cell::kOtherBytes) {
        return Read::absent;
    }
    std::uint64_t tail = copy_cell<Cell::kFirstPayload>(first, out);
    out += Cell::kFirstBytes;
    for (std::uint32_t i = 0; i < others; ++i) {
        const std::uint32_t number = high_half(tail);
        if (number >= layout_.cell_end) {
            return Read::changed;
        }
        tail = copy_cell<0>(cells_[number], out);
        out += Cell::kOtherBytes;
    }
    return Read::found;
}

// A byte of its own for each bucket: a late store here cannot harm an entry.
void CatalogZone::mark_use(const Bucket& bucket) const noexcept {
    std::atomic_ref<std::uint8_t> mark(marks_[&bucket - buckets_]);
    if (mark.load(std::memory_order_relaxed) == 0) {
        mark.store(1, std::memory_order_relaxed);
    }
}

CatalogZone::Read CatalogZone::read_bucket(const Bucket& bucket, std::vector<char>& entries,
                                           std::vector<std::size_t>& lengths) const {
    entries.clear();
    lengths.clear();
    const std::uint64_t version = load_word(bucket.version);
    std::uint32_t number = low_half(load_word(bucket.heads));
    while (number != 0) {
        if (number >= layout_.cell_end || load_word(bucket.version) != version) {
            return Read::changed;
        }
        const std::size_t used = entries.size();
        entries.resize(used + kBufferBytes);
        std::size_t length = 0;
        if (copy_entry(cells_[number], entries.data() + used, kBufferBytes, length) !=
            Read::found) {
            return Read::changed;
        }
        entries.resize(used + length);
        lengths.push_back(length);
        number = low_half(load_word(cells_[number].word[Cell::kLinks]));
    }
    return load_word(bucket.version) == version && usable() ? Read::found : Read::changed;
}

bool CatalogZone::read_slice(std::size_t& position, std::size_t max_buckets,
                             const std::function<void(std::string_view)>& visit) const {
    std::vector<char> entries;
    std::vector<std::size_t> lengths;
    for (; max_buckets > 0 && position < layout_.bucket_count && usable();
         --max_buckets, ++position) {
        const Bucket& bucket = buckets_[position];
        int retry = 0;
        while (read_bucket(bucket, entries, lengths) != Read::found && ++retry < kRetriesMax) {
        }
        if (retry == kRetriesMax) {
            SharedLock lock(prefix_->lock, kLockWaitMs);
            read_bucket(bucket, entries, lengths);
        }
        const char* entry = entries.data();
        for (const std::size_t length : lengths) {
            visit({entry, length});
            entry += length;
        }
    }
    return position >= layout_.bucket_count || !usable();
}

}  // namespace coupon
