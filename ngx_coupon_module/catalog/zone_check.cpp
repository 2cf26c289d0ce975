// CatalogZone::find_damage.
#include "catalog/shared_words.hpp"
#include "catalog/zone_writer.hpp"
#include "core/offer_entry.hpp"

namespace coupon {
namespace {

// Which cells have a place, and where a chain ended.
class CellMap {
  public:
    CellMap(const Cell* cells, std::uint32_t end) : cells_(cells), placed_(end) {}

    // Places count cells from number on; false when one is outside or has a place already.
    bool place_chain(std::uint32_t& number, std::uint64_t count) {
        for (; count > 0; --count) {
            if (number == 0 || number >= placed_.size() || placed_[number]) {
                return false;
            }
            placed_[number] = true;
            ++total_;
            number = high_half(load_word(cells_[number].word[Cell::kTail]));
        }
        return true;
    }

    std::uint64_t total() const { return total_; }

  private:
    const Cell* cells_;
    std::vector<bool> placed_;
    std::uint64_t total_ = 0;
};

}  // namespace

std::optional<std::string_view> CatalogZone::find_damage() {
    Writer writer(*this);
    if (!writer.ready()) {
        return "busy";
    }
    CellMap map(cells_, layout_.cell_end);
    std::uint64_t entries = 0;
    std::uint64_t by_id = 0;
    for (std::uint32_t i = 0; i < layout_.bucket_count; ++i) {
        std::uint32_t number = low_half(load_word(buckets_[i].heads));
        for (; number != 0; number = low_half(load_word(cells_[number].word[Cell::kLinks]))) {
            const std::uint32_t length =
                number < layout_.cell_end ? low_half(load_word(cells_[number].word[Cell::kStamp]))
                                          : 0;
            std::uint32_t cell = number;
            if (length <= kOfferEntryHeaderBytes || length > kOfferEntryMaxBytes ||
                !map.place_chain(cell, cells_for(length))) {
                return "an entry's cells are not its own";
            }
            if (&bucket_of(hash(writer.uuid_of(number))) != &buckets_[i]) {
                return "an entry hangs in the wrong bucket";
            }
            ++entries;
        }
    }
    for (std::uint32_t i = 0; i < layout_.bucket_count; ++i) {
        std::uint32_t number = high_half(load_word(buckets_[i].heads));
        for (; number != 0; number = high_half(load_word(cells_[number].word[Cell::kLinks]))) {
            const Uuid uuid = writer.uuid_of(number);
            if (++by_id > entries || writer.find(bucket_of(hash(uuid)), uuid) != number) {
                return "the offer ids lead to something else than the entries";
            }
        }
    }
    if (entries != load_word(header_->entries) || entries != by_id) {
        return "the number of entries is wrong";
    }
    auto free = static_cast<std::uint32_t>(load_word(header_->free_head));
    if (!map.place_chain(free, load_word(header_->free_listed)) || free != 0) {
        return "the free list is wrong";
    }
    if (map.total() + 1 != load_word(header_->fresh)) {
        return "cells are in no place";
    }
    return std::nullopt;
}

}  // namespace coupon
