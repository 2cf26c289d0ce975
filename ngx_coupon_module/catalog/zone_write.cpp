// The writers' side of CatalogZone.
#include <atomic>
#include <cstring>

#include "catalog/catalog_zone.hpp"
#include "catalog/shared_words.hpp"
#include "catalog/zone_writer.hpp"
#include "core/offer_entry.hpp"

namespace coupon {
namespace {

bool is_entry_of(const Uuid& uuid, std::string_view entry) noexcept {
    return entry.size() > kOfferEntryHeaderBytes && entry.size() <= kOfferEntryMaxBytes &&
           std::memcmp(entry.data(), uuid.bytes.data(), uuid.bytes.size()) == 0;
}

}  // namespace

PutResult CatalogZone::put(const Uuid& uuid, std::string_view entry,
                           std::uint32_t load_generation) noexcept {
    if (!is_entry_of(uuid, entry)) {
        return PutResult::refused;
    }
    Writer writer(*this);
    if (!writer.ready()) {
        return PutResult::busy;
    }
    return writer.put(bucket_of(hash(uuid)), uuid, entry, load_generation);
}

std::uint64_t CatalogZone::change_mark(const Uuid& uuid) const noexcept {
    // Both only grow, so their sum changes when either does.
    return load_word(bucket_of(hash(uuid)).version) + load_word(header_->absent_changes);
}

PutResult CatalogZone::put_unless_changed(const Uuid& uuid, std::string_view entry,
                                          std::uint64_t mark) noexcept {
    if (!is_entry_of(uuid, entry)) {
        return PutResult::refused;
    }
    Writer writer(*this);
    if (!writer.ready()) {
        return PutResult::busy;
    }
    if (change_mark(uuid) != mark) {
        return PutResult::outdated;
    }
    return writer.put(bucket_of(hash(uuid)), uuid, entry, load_generation());
}

EraseResult CatalogZone::erase(const Uuid& uuid) noexcept {
    Writer writer(*this);
    if (!writer.ready()) {
        return EraseResult::busy;
    }
    Bucket& bucket = bucket_of(hash(uuid));
    if (const std::uint32_t number = writer.find(bucket, uuid)) {
        writer.remove(bucket, number);
        return EraseResult::erased;
    }
    writer.note_change(bucket);
    return EraseResult::absent;
}

EraseResult CatalogZone::erase_by_offer_id(std::int64_t offer_id) noexcept {
    Writer writer(*this);
    if (!writer.ready()) {
        return EraseResult::busy;
    }
    if (const std::uint32_t number = writer.find_by_offer_id(offer_id)) {
        const Uuid uuid = writer.uuid_of(number);
        writer.remove(bucket_of(hash(uuid)), number);
        return EraseResult::erased;
    }
    writer.note_absent_change();
    return EraseResult::absent;
}

template <class Stale>
bool CatalogZone::sweep(std::size_t& position, std::size_t max_buckets, Stale stale) noexcept {
    Writer writer(*this);
    if (!writer.ready()) {
        return !usable();
    }
    for (; max_buckets > 0 && position < layout_.bucket_count; --max_buckets, ++position) {
        std::uint32_t number = low_half(load_word(buckets_[position].heads));
        while (number != 0) {
            const Cell& cell = cells_[number];
            const std::uint32_t next = low_half(load_word(cell.word[Cell::kLinks]));
            if (stale(cell)) {
                writer.remove(buckets_[position], number);
            }
            number = next;
        }
    }
    return position >= layout_.bucket_count;
}

bool CatalogZone::sweep_older(std::uint32_t load_generation, std::size_t& position,
                              std::size_t max_buckets) noexcept {
    return sweep(position, max_buckets, [&](const Cell& cell) {
        return high_half(load_word(cell.word[Cell::kStamp])) != load_generation;
    });
}

bool CatalogZone::sweep_expired(std::int64_t now_s, std::size_t& position,
                                std::size_t max_buckets) noexcept {
    return sweep(position, max_buckets, [&](const Cell& cell) {
        // expires_at, bytes 40 to 47, begins in the tail of the first cell.
        const std::uint64_t tail = load_word(cell.word[Cell::kTail]);
        const Cell& second = cells_[high_half(tail)];
        const auto expires_at = join_halves(low_half(tail), low_half(load_word(second.word[0])));
        return static_cast<std::int64_t>(expires_at) <= now_s;
    });
}

}  // namespace coupon
