#include "catalog/zone_writer.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "catalog/shared_words.hpp"
#include "core/bytes.hpp"
#include "core/offer_entry.hpp"

namespace coupon {
namespace {

// Cells put on the free list at a time; more than the longest entry takes.
constexpr std::uint64_t kFormatCells = 256;
static_assert(cells_for(kOfferEntryMaxBytes) < kFormatCells);
static_assert(kOfferEntryHeaderBytes >= Cell::kFirstBytes, "every entry fills its first cell");

// Words of the first cell's payload.
constexpr std::size_t kOfferIdWord = Cell::kFirstPayload + 2;

// Fills a cell from word From on, but for the number of the next cell, which it returns.
template <std::size_t From>
std::uint32_t fill_cell(Cell& cell, const char* bytes) noexcept {
#pragma GCC unroll 8
    for (std::size_t i = From; i < Cell::kTail; ++i) {
        store_word(cell.word[i], load<std::uint64_t>(bytes + (i - From) * sizeof(std::uint64_t)));
    }
    const auto last = load<std::uint32_t>(bytes + (Cell::kTail - From) * sizeof(std::uint64_t));
    const std::uint32_t next = high_half(load_word(cell.word[Cell::kTail]));
    store_word(cell.word[Cell::kTail], join_halves(last, next));
    return next;
}

}  // namespace

CatalogZone::Writer::Writer(const CatalogZone& zone) noexcept
    : zone_(zone),
      header_(*zone.header_),
      cells_(zone.cells_),
      lock_(zone.prefix_->lock, kWaitMs),
      ready_(lock_.held() && zone.usable()) {
    if (ready_) {
        redo(zone_.memory_, header_.log);
    }
}

std::uint32_t CatalogZone::Writer::find(const Bucket& bucket, const Uuid& uuid) const noexcept {
    std::uint32_t number = low_half(load_word(bucket.heads));
    while (number != 0 && uuid_of(number) != uuid) {
        number = low_half(load_word(cells_[number].word[Cell::kLinks]));
    }
    return number;
}

std::uint32_t CatalogZone::Writer::find_by_offer_id(std::int64_t offer_id) const noexcept {
    std::uint32_t number = high_half(load_word(zone_.id_bucket(offer_id).heads));
    while (number != 0 && offer_id_of(number) != offer_id) {
        number = high_half(load_word(cells_[number].word[Cell::kLinks]));
    }
    return number;
}

Uuid CatalogZone::Writer::uuid_of(std::uint32_t number) const noexcept {
    Uuid uuid;
    const std::uint64_t words[2] = {load_word(cells_[number].word[Cell::kFirstPayload]),
                                    load_word(cells_[number].word[Cell::kFirstPayload + 1])};
    std::memcpy(uuid.bytes.data(), words, sizeof words);
    return uuid;
}

std::int64_t CatalogZone::Writer::offer_id_of(std::uint32_t number) const noexcept {
    return static_cast<std::int64_t>(load_word(cells_[number].word[kOfferIdWord]));
}

std::uint32_t CatalogZone::Writer::entry_cells(std::uint32_t number) const noexcept {
    return cells_for(low_half(load_word(cells_[number].word[Cell::kStamp])));
}

std::uint32_t CatalogZone::Writer::last_cell(std::uint32_t number) const noexcept {
    for (std::uint32_t more = entry_cells(number) - 1; more > 0; --more) {
        number = high_half(load_word(cells_[number].word[Cell::kTail]));
    }
    return number;
}

bool CatalogZone::Writer::holds(const Uuid& uuid, std::string_view entry) const noexcept {
    char stored[kBufferBytes];
    return zone_.lookup(uuid, stored, sizeof stored) == entry.size() &&
           std::memcmp(stored, entry.data(), entry.size()) == 0;
}

PutResult CatalogZone::Writer::put(Bucket& bucket, const Uuid& uuid, std::string_view entry,
                                   std::uint32_t load_generation) noexcept {
    const auto offer_id = load<std::int64_t>(entry.data() + sizeof(Uuid));
    Bucket& by_id = zone_.id_bucket(offer_id);
    __builtin_prefetch(&by_id);
    if (const std::uint32_t same = find(bucket, uuid); same != 0 && holds(uuid, entry)) {
        store_word(cells_[same].word[Cell::kStamp],
                   join_halves(static_cast<std::uint32_t>(entry.size()), load_generation));
        return PutResult::stored;
    }
    const std::uint32_t needed = cells_for(entry.size());
    if (!make_room(needed)) {
        return PutResult::refused;
    }
    if (load_word(zone_.prefix_->pressure) != 0) {
        zone_.mark_use(bucket);
    }
    // Looked for again: making room may have evicted it.
    const std::uint32_t old = find(bucket, uuid);
    const auto first = static_cast<std::uint32_t>(load_word(header_.free_head));
    ZoneChange change(zone_.memory_, header_.log);

    if (old != 0) {
        unlink_offer_id(change, old);
    }
    const std::uint64_t id_heads = change.get(by_id.heads);
    change.set(by_id.heads, join_halves(low_half(id_heads), first));

    std::uint64_t& link = old != 0 ? link_to(bucket, old) : bucket.heads;
    const std::uint32_t behind =
        low_half(old != 0 ? load_word(cells_[old].word[Cell::kLinks]) : load_word(bucket.heads));
    change.set(link, join_halves(first, high_half(change.get(link))));
    change.set(bucket.version, load_word(bucket.version) + 1);

    std::uint32_t free = fill(entry, load_generation, join_halves(behind, high_half(id_heads)));
    std::uint64_t listed = load_word(header_.free_listed) - needed;
    if (old != 0) {
        std::uint64_t& tail = cells_[last_cell(old)].word[Cell::kTail];
        change.set(tail, join_halves(low_half(load_word(tail)), free));
        free = old;
        listed += entry_cells(old);
    } else {
        change.set(header_.entries, load_word(header_.entries) + 1);
    }
    change.set(header_.free_head, free);
    change.set(header_.free_listed, listed);
    change.commit();
    return PutResult::stored;
}

// Writes an entry into the first cells of the free list, which stays as it is: the list is
// an entry's chain already. Returns the first cell behind them.
std::uint32_t CatalogZone::Writer::fill(std::string_view entry, std::uint32_t load_generation,
                                        std::uint64_t links) noexcept {
    Cell& first = cells_[load_word(header_.free_head)];
    store_word(first.word[Cell::kLinks], links);
    store_word(first.word[Cell::kStamp],
               join_halves(static_cast<std::uint32_t>(entry.size()), load_generation));
    std::uint32_t number = fill_cell<Cell::kFirstPayload>(first, entry.data());
    entry.remove_prefix(Cell::kFirstBytes);
    for (; entry.size() >= Cell::kOtherBytes; entry.remove_prefix(Cell::kOtherBytes)) {
        number = fill_cell<0>(cells_[number], entry.data());
    }
    if (!entry.empty()) {
        char last[Cell::kOtherBytes] = {};
        std::memcpy(last, entry.data(), entry.size());
        number = fill_cell<0>(cells_[number], last);
    }
    return number;
}

void CatalogZone::Writer::remove(Bucket& bucket, std::uint32_t number) noexcept {
    ZoneChange change(zone_.memory_, header_.log);
    take_out(change, bucket, number);
    change.commit();
}

void CatalogZone::Writer::take_out(ZoneChange& change, Bucket& bucket,
                                   std::uint32_t number) noexcept {
    unlink_offer_id(change, number);
    std::uint64_t& link = link_to(bucket, number);
    const std::uint32_t behind = low_half(load_word(cells_[number].word[Cell::kLinks]));
    change.set(link, join_halves(behind, high_half(change.get(link))));
    change.set(bucket.version, load_word(bucket.version) + 1);

    std::uint64_t& tail = cells_[last_cell(number)].word[Cell::kTail];
    const auto free = static_cast<std::uint32_t>(load_word(header_.free_head));
    change.set(tail, join_halves(low_half(load_word(tail)), free));
    change.set(header_.free_head, number);
    change.set(header_.free_listed, load_word(header_.free_listed) + entry_cells(number));
    change.set(header_.entries, load_word(header_.entries) - 1);
}

void CatalogZone::Writer::note_change(Bucket& bucket) noexcept {
    store_word(bucket.version, load_word(bucket.version) + 1);
}

void CatalogZone::Writer::note_absent_change() noexcept {
    store_word(header_.absent_changes, load_word(header_.absent_changes) + 1);
}

// The word whose low half leads to the entry.
std::uint64_t& CatalogZone::Writer::link_to(Bucket& bucket, std::uint32_t number) noexcept {
    std::uint64_t* link = &bucket.heads;
    while (low_half(load_word(*link)) != number) {
        link = &cells_[low_half(load_word(*link))].word[Cell::kLinks];
    }
    return *link;
}

void CatalogZone::Writer::unlink_offer_id(ZoneChange& change, std::uint32_t number) noexcept {
    std::uint64_t* link = &zone_.id_bucket(offer_id_of(number)).heads;
    while (high_half(load_word(*link)) != number) {
        link = &cells_[high_half(load_word(*link))].word[Cell::kLinks];
    }
    const std::uint32_t behind = high_half(load_word(cells_[number].word[Cell::kLinks]));
    change.set(*link, join_halves(low_half(change.get(*link)), behind));
}

bool CatalogZone::Writer::make_room(std::uint32_t cells) noexcept {
    while (load_word(header_.free_listed) < cells) {
        if (load_word(header_.fresh) < zone_.layout_.cell_end) {
            format_cells();
        } else if (!evict_one()) {
            return false;
        }
    }
    return true;
}

// Lays cells that were never used in front of the free list, in ascending order.
void CatalogZone::Writer::format_cells() noexcept {
    const std::uint64_t first = load_word(header_.fresh);
    const std::uint64_t end = std::min<std::uint64_t>(first + kFormatCells, zone_.layout_.cell_end);
    for (std::uint64_t number = first; number < end; ++number) {
        const std::uint64_t next = number + 1 < end ? number + 1 : load_word(header_.free_head);
        store_word(cells_[number].word[Cell::kTail], next << 32);
    }
    ZoneChange change(zone_.memory_, header_.log);
    change.set(header_.free_head, first);
    change.set(header_.free_listed, load_word(header_.free_listed) + end - first);
    change.set(header_.fresh, end);
    change.commit();
}

// The clock passes over buckets used since it last came by, and takes the oldest entry of
// the first other one.
bool CatalogZone::Writer::evict_one() noexcept {
    constexpr std::uint32_t kPatienceMax = 4096;
    const std::uint32_t count = zone_.layout_.bucket_count;
    auto hand = static_cast<std::uint32_t>(load_word(header_.clock_hand));
    std::uint32_t spared = 0;
    for (std::uint32_t passed = 0; passed < count + kPatienceMax;
         ++passed, hand = (hand + 1) % count) {
        Bucket& bucket = zone_.buckets_[hand];
        std::uint32_t number = low_half(load_word(bucket.heads));
        if (number == 0) {
            continue;
        }
        std::atomic_ref<std::uint8_t> mark(zone_.marks_[hand]);
        if (mark.load(std::memory_order_relaxed) != 0 && spared++ < kPatienceMax) {
            mark.store(0, std::memory_order_relaxed);
            continue;
        }
        while (const std::uint32_t next = low_half(load_word(cells_[number].word[Cell::kLinks]))) {
            number = next;
        }
        store_word(zone_.prefix_->pressure, 1);
        // Counted before it is gone: who misses it knows that the catalogue is not complete.
        ZoneChange change(zone_.memory_, header_.log);
        change.set(header_.evictions, load_word(header_.evictions) + 1);
        change.set(header_.clock_hand, (hand + 1) % count);
        take_out(change, bucket, number);
        change.commit();
        return true;
    }
    return false;
}

}  // namespace coupon
