// What a catalogue needs besides its changes: offers long expired go, a full zone is reported, a
// snapshot is asked for now and then.
#pragma once

#include "catalog/catalog_zone.hpp"
#include "io/next_turn.hpp"
#include "io/timer.hpp"

#include <cstdint>
#include <functional>

namespace coupon {

class CatalogUpkeep {
  public:
    // `wants_snapshot` runs from the event loop and must not throw.
    CatalogUpkeep(CatalogZone& zone, ngx_log_t* log, std::function<void()> wants_snapshot);

    void start();
    // Something was applied: a snapshot is due within a minute.
    void changed() noexcept { changed_ = true; }
    // A full load is done: a snapshot is due now.
    void loaded();

  private:
    void every_minute();
    void report_evictions();
    void sweep_expired();
    void want_snapshot();

    CatalogZone& zone_;
    ngx_log_t* log_;
    std::function<void()> wants_snapshot_;
    bool changed_ = false;
    uint32_t minutes_ = 0;
    uint32_t snapshot_minute_ = 0;
    uint64_t evictions_ = 0;
    size_t position_ = 0;
    NextTurn sweep_turn_;
    Timer minute_timer_;
};

}  // namespace coupon
