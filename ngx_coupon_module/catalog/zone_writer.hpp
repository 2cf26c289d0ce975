// One writer's turn in a CatalogZone: holds the writers' lock for its life and changes the
// zone through the redo log. Only for CatalogZone's own functions.
#pragma once

#include "catalog/catalog_zone.hpp"
#include "catalog/redo_log.hpp"
#include "catalog/shared_lock.hpp"

namespace coupon {

class CatalogZone::Writer {
  public:
    // Finishes first what a dead writer had begun.
    explicit Writer(const CatalogZone& zone) noexcept;

    // False: the lock was not to be had in time, or the zone was laid out anew.
    bool ready() const noexcept { return ready_; }

    std::uint32_t find(const Bucket& bucket, const Uuid& uuid) const noexcept;  // 0: none
    std::uint32_t find_by_offer_id(std::int64_t offer_id) const noexcept;       // 0: none
    Uuid uuid_of(std::uint32_t number) const noexcept;

    PutResult put(Bucket& bucket, const Uuid& uuid, std::string_view entry,
                  std::uint32_t load_generation) noexcept;
    void remove(Bucket& bucket, std::uint32_t number) noexcept;
    // Outdates marks taken before: of this bucket, of every offer.
    void note_change(Bucket& bucket) noexcept;
    void note_absent_change() noexcept;

  private:
    static constexpr unsigned kWaitMs = 5;

    void take_out(ZoneChange& change, Bucket& bucket, std::uint32_t number) noexcept;
    void unlink_offer_id(ZoneChange& change, std::uint32_t number) noexcept;
    std::uint64_t& link_to(Bucket& bucket, std::uint32_t number) noexcept;
    std::int64_t offer_id_of(std::uint32_t number) const noexcept;
    std::uint32_t entry_cells(std::uint32_t number) const noexcept;
    std::uint32_t last_cell(std::uint32_t number) const noexcept;
    bool holds(const Uuid& uuid, std::string_view entry) const noexcept;
    std::uint32_t fill(std::string_view entry, std::uint32_t load_generation,
                       std::uint64_t links) noexcept;
    bool make_room(std::uint32_t cells) noexcept;
    void format_cells() noexcept;
    bool evict_one() noexcept;

    const CatalogZone& zone_;
    CatalogHeader& header_;
    Cell* cells_;
    SharedLock lock_;
    bool ready_;
};

}  // namespace coupon
