#include "catalog/zone_layout.hpp"

#include <algorithm>
#include <stdexcept>

#include "catalog/catalog_zone.hpp"

namespace coupon {
namespace {

// An offer with a destination of 160 bytes takes five cells.
constexpr std::size_t kCellsPerBucket = 5;
// A million requests a minute for invented ids leave 84,000 of them in the five seconds that each is
// remembered. So many fill a quarter of a 64 MB zone's part and a sixth of the largest, so that no set
// overflows and no id is asked about twice.
constexpr std::size_t kMissPart = 8;
constexpr std::size_t kMissBytesMax = 12 * 1024 * 1024;

constexpr std::size_t aligned(std::size_t offset) noexcept {
    return (offset + 63) & ~std::size_t{63};
}

}  // namespace

ZoneLayout ZoneLayout::of(std::size_t zone_bytes) {
    if (zone_bytes < CatalogZone::kMinBytes) {
        throw std::invalid_argument("a catalogue zone needs at least 256k");
    }
    constexpr std::size_t kMissSetBytes = sizeof(MissSlot) * MissTable::kWays;
    constexpr std::size_t kBucketBytes = sizeof(Bucket) + 1;
    ZoneLayout layout{};
    layout.miss_slots =
        std::min(zone_bytes / kMissPart, kMissBytesMax) / kMissSetBytes * MissTable::kWays;
    layout.buckets_at = aligned(sizeof(ZonePrefix) + sizeof(CatalogHeader));
    const std::size_t room =
        zone_bytes - layout.buckets_at - layout.miss_slots * sizeof(MissSlot) - 4 * 64;
    const std::size_t buckets = room / (kCellsPerBucket * sizeof(Cell) + kBucketBytes);
    layout.bucket_count =
        static_cast<std::uint32_t>(std::min<std::size_t>(buckets, UINT32_MAX / 8));
    layout.marks_at = aligned(layout.buckets_at + layout.bucket_count * sizeof(Bucket));
    layout.misses_at = aligned(layout.marks_at + layout.bucket_count);
    layout.cells_at = aligned(layout.misses_at + layout.miss_slots * sizeof(MissSlot));
    const std::size_t cells = (zone_bytes - layout.cells_at) / sizeof(Cell);
    layout.cell_end = static_cast<std::uint32_t>(std::min<std::size_t>(cells, UINT32_MAX));
    return layout;
}

}  // namespace coupon
