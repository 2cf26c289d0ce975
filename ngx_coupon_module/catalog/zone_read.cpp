// The readers' side of CatalogZone. A reader takes the bucket's version, follows links that
// may be stale, and believes what it read only if the version is still the same: a writer
// raises it after unlinking an entry and before the entry's cells can be used again.
#include <algorithm>
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
#pragma GCC unroll 8
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
    return keyed_hash(hash_key_, id[0], id[1]);
}

Bucket& CatalogZone::bucket_of(std::uint64_t hash) const noexcept {
    return buckets_[place_of(hash, layout_.bucket_count)];
}

Bucket& CatalogZone::id_bucket(std::int64_t offer_id) const noexcept {
    return bucket_of(keyed_hash(hash_key_, static_cast<std::uint64_t>(offer_id), 0));
}

void CatalogZone::expect_lookup(const Uuid& uuid) const noexcept {
    __builtin_prefetch(&bucket_of(hash(uuid)));
}

std::size_t CatalogZone::lookup(const Uuid& uuid, char* out, std::size_t cap) const noexcept {
    const Bucket& bucket = bucket_of(hash(uuid));
    std::size_t length = read_entry(bucket, uuid, out, cap);
    if (length == kChanged) [[unlikely]] {
        length = lookup_contended(bucket, uuid, out, cap);
    }
    if (load_word(prefix_->pressure) != 0 && length != 0) [[unlikely]] {
        mark_use(bucket);
    }
    return length;
}

std::size_t CatalogZone::lookup_contended(const Bucket& bucket, const Uuid& uuid, char* out,
                                          std::size_t cap) const noexcept {
    for (int retry = 0; retry < kRetriesMax; ++retry) {
        const std::size_t length = read_entry(bucket, uuid, out, cap);
        if (length != kChanged) {
            return length;
        }
    }
    // Without writers a read cannot fail; one that died has left a state to read in.
    SharedLock lock(prefix_->lock, kLockWaitMs);
    const std::size_t length = read_entry(bucket, uuid, out, cap);
    return length == kChanged ? 0 : length;
}

inline std::size_t CatalogZone::read_entry(const Bucket& bucket, const Uuid& uuid, char* out,
                                           std::size_t cap) const noexcept {
    std::uint64_t id[2];
    std::memcpy(id, uuid.bytes.data(), sizeof id);
    const std::uint64_t version = load_word(bucket.version);
    std::uint32_t number = low_half(load_word(bucket.heads));
    std::size_t length = 0;
    for (unsigned steps = 1; number != 0; ++steps) {
        if (number >= layout_.cell_end ||
            (steps % kStepsBetweenChecks == 0 && load_word(bucket.version) != version)) {
            return kChanged;
        }
        const Cell& cell = cells_[number];
        if (load_word(cell.word[Cell::kFirstPayload]) == id[0] &&
            load_word(cell.word[Cell::kFirstPayload + 1]) == id[1]) {
            length = copy_entry(cell, out, cap);
            break;
        }
        number = low_half(load_word(cell.word[Cell::kLinks]));
    }
    if (load_word(bucket.version) != version) {
        return kChanged;
    }
    return usable() ? length : 0;
}

// Copies whole cells: 0 when cap is too small for them.
inline std::size_t CatalogZone::copy_entry(const Cell& first, char* out,
                                           std::size_t cap) const noexcept {
    // Entries of a fresh load lie in neighbouring cells.
    __builtin_prefetch(&first + 1);
    __builtin_prefetch(&first + 2);
    __builtin_prefetch(&first + 3);
    const std::size_t length = low_half(load_word(first.word[Cell::kStamp]));
    if (length > kOfferEntryMaxBytes) {
        return kChanged;
    }
    const std::uint32_t others = cells_for(length) - 1;
    if (cap < Cell::kFirstBytes + others * Cell::kOtherBytes) {
        return 0;
    }
    std::uint64_t tail = copy_cell<Cell::kFirstPayload>(first, out);
    out += Cell::kFirstBytes;
    for (std::uint32_t i = 0; i < others; ++i) {
        const std::uint32_t number = high_half(tail);
        if (number >= layout_.cell_end) {
            return kChanged;
        }
        tail = copy_cell<0>(cells_[number], out);
        out += Cell::kOtherBytes;
    }
    return length;
}

// A byte of its own for each bucket: a late store here cannot harm an entry.
void CatalogZone::mark_use(const Bucket& bucket) const noexcept {
    std::atomic_ref<std::uint8_t> mark(marks_[&bucket - buckets_]);
    if (mark.load(std::memory_order_relaxed) == 0) {
        mark.store(1, std::memory_order_relaxed);
    }
}

// All entries of the bucket, one behind the other; false when it was changed meanwhile.
bool CatalogZone::read_bucket(const Bucket& bucket, std::vector<char>& entries,
                              std::vector<std::size_t>& lengths) const {
    entries.clear();
    lengths.clear();
    const std::uint64_t version = load_word(bucket.version);
    std::uint32_t number = low_half(load_word(bucket.heads));
    while (number != 0) {
        if (number >= layout_.cell_end || load_word(bucket.version) != version) {
            return false;
        }
        const std::size_t used = entries.size();
        entries.resize(used + kBufferBytes);
        const std::size_t length = copy_entry(cells_[number], entries.data() + used, kBufferBytes);
        if (length == kChanged) {
            return false;
        }
        entries.resize(used + length);
        lengths.push_back(length);
        number = low_half(load_word(cells_[number].word[Cell::kLinks]));
    }
    return load_word(bucket.version) == version && usable();
}

bool CatalogZone::read_slice(std::size_t& position, std::size_t max_buckets,
                             const std::function<void(std::string_view)>& visit) const {
    std::vector<char> entries;
    std::vector<std::size_t> lengths;
    const std::size_t end = std::min<std::size_t>(layout_.bucket_count, position + max_buckets);
    for (; position < end && usable(); ++position) {
        const Bucket& bucket = buckets_[position];
        bool read = read_bucket(bucket, entries, lengths);
        for (int retry = 0; !read && retry < kRetriesMax; ++retry) {
            read = read_bucket(bucket, entries, lengths);
        }
        if (!read) {
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
