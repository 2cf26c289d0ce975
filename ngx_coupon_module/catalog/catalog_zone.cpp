// Attaching, loading state and misses; reading and writing entries have files of their own.
#include "catalog/catalog_zone.hpp"

#include <stdexcept>

#include "catalog/shared_lock.hpp"
#include "catalog/shared_words.hpp"

namespace coupon {
namespace {

constexpr std::uint64_t kLayout =
    CatalogHeader::kVersion << 48 | sizeof(CatalogHeader) << 16 | sizeof(Cell);

template <class T>
T* at(std::byte* memory, std::size_t offset) noexcept {
    return reinterpret_cast<T*>(memory + offset);
}

std::byte* checked(void* memory) {
    if (reinterpret_cast<std::uintptr_t>(memory) % alignof(ZonePrefix) != 0) {
        throw std::invalid_argument("a catalogue zone must be aligned to 64 bytes");
    }
    return static_cast<std::byte*>(memory);
}

// Word by word: workers attached to a former layout may still be reading here.
void zero_words(std::byte* begin, const std::byte* end) noexcept {
    for (; begin < end; begin += sizeof(std::uint64_t)) {
        store_word(*at<std::uint64_t>(begin, 0), 0);
    }
}

}  // namespace

CatalogZone::CatalogZone(void* memory, std::size_t bytes)
    : memory_(checked(memory)),
      prefix_(at<ZonePrefix>(memory_, 0)),
      header_(at<CatalogHeader>(memory_, sizeof(ZonePrefix))),
      layout_(ZoneLayout::of(bytes)),
      misses_(at<MissSlot>(memory_, layout_.misses_at), layout_.miss_slots, header_->miss_lock) {
    buckets_ = at<Bucket>(memory_, layout_.buckets_at);
    marks_ = at<std::uint8_t>(memory_, layout_.marks_at);
    cells_ = at<Cell>(memory_, layout_.cells_at);
    kept_ = attach_zone(*prefix_, CatalogHeader::kMagic, kLayout, bytes, [this] {
        // Cells are formatted when they are first needed.
        zero_words(memory_ + sizeof(ZonePrefix), memory_ + layout_.cells_at);
        make_shared_lock(header_->miss_lock);
        store_word(header_->hash_key[0], random_word());
        store_word(header_->hash_key[1], random_word());
        store_word(header_->fresh, 1);
        store_word(header_->load_generation, 1);
    });
    instance_ = load_word(prefix_->instance);
    hash_key_ = {{load_word(header_->hash_key[0]), load_word(header_->hash_key[1])}};
}

CatalogStats CatalogZone::stats() const noexcept {
    if (!usable()) {
        return {};
    }
    const std::uint64_t evictions = load_word(header_->evictions);
    return {
        .zone_bytes = load_word(prefix_->bytes),
        .entries = load_word(header_->entries),
        .cells = layout_.cell_end - 1,
        .free_cells =
            load_word(header_->free_listed) + layout_.cell_end - load_word(header_->fresh),
        .evictions = evictions,
        .evicted_since_full_load = evictions - load_word(header_->evictions_at_load),
        .loaded_full_ms = load_word(header_->loaded_full_ms),
        .log_read_ms = load_word(header_->log_read_ms),
    };
}

std::uint32_t CatalogZone::begin_full_load() noexcept {
    // 32 bits in an entry; a zone is not loaded in full four billion times.
    const auto generation = static_cast<std::uint32_t>(load_word(header_->load_generation) + 1);
    if (usable()) {
        store_word(header_->evictions_at_begin, load_word(header_->evictions));
        store_word(header_->load_generation, generation);
    }
    return generation;
}

void CatalogZone::finish_full_load(std::uint64_t system_identifier, std::uint64_t cursor,
                                   std::uint64_t now_ms) noexcept {
    restore_full_load(system_identifier, cursor, now_ms);
    log_read(cursor, now_ms);
}

void CatalogZone::restore_full_load(std::uint64_t system_identifier, std::uint64_t cursor,
                                    std::uint64_t now_ms) noexcept {
    if (!usable()) {
        return;
    }
    // complete() must not be true of anything in between.
    store_word(header_->log_read_ms, 0);
    store_word(header_->system_identifier, system_identifier);
    store_word(header_->cursor, cursor);
    const std::uint64_t evictions = load_word(header_->evictions_at_begin);
    store_word(header_->evictions_at_load, evictions);
    if (load_word(header_->evictions) == evictions) {
        store_word(prefix_->pressure, 0);
    }
    store_word(header_->loaded_full_ms, now_ms);
}

void CatalogZone::log_read(std::uint64_t cursor, std::uint64_t now_ms) noexcept {
    if (usable()) {
        store_word(header_->cursor, cursor);
        store_word(header_->log_read_ms, now_ms);
    }
}

std::uint32_t CatalogZone::load_generation() const noexcept {
    return static_cast<std::uint32_t>(load_word(header_->load_generation));
}

std::uint64_t CatalogZone::system_identifier() const noexcept {
    return load_word(header_->system_identifier);
}

std::uint64_t CatalogZone::cursor() const noexcept {
    return load_word(header_->cursor);
}

bool CatalogZone::loaded_once() const noexcept {
    return load_word(header_->loaded_full_ms) != 0 && usable();
}

bool CatalogZone::complete(std::uint64_t now_ms, std::uint64_t max_age_ms) const noexcept {
    const std::uint64_t read_ms = load_word(header_->log_read_ms);
    return read_ms != 0 && now_ms < read_ms + max_age_ms &&
           load_word(header_->evictions) == load_word(header_->evictions_at_load) && loaded_once();
}

MissClaim CatalogZone::claim_miss(const Uuid& uuid, std::uint64_t now_ms,
                                  std::uint64_t timeout_ms) noexcept {
    return usable() ? misses_.claim(uuid, hash(uuid), now_ms, timeout_ms) : MissClaim::you_ask;
}

bool CatalogZone::settle_miss(const Uuid& uuid, std::uint64_t unknown_until_ms) noexcept {
    return !usable() || misses_.settle(uuid, hash(uuid), unknown_until_ms);
}

void CatalogZone::clear_miss(const Uuid& uuid) noexcept {
    if (usable()) {
        misses_.clear(uuid, hash(uuid));
    }
}

}  // namespace coupon
