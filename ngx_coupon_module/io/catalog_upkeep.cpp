#include "io/catalog_upkeep.hpp"

#include "io/log_line.hpp"
#include "io/slice.hpp"

#include <string>
#include <utility>

namespace coupon {
namespace {

constexpr ngx_msec_t kMinute_ms = 60'000;
constexpr uint32_t kSweepEvery_minutes = 10;
// Even without a change: the log behind a snapshot's cursor is kept for a day only.
constexpr uint32_t kSnapshotEvery_minutes = 60;
// An offer that ran out lately is still asked for, and answered 404 from its entry.
constexpr int64_t kExpiredKept_s = 3600;
constexpr size_t kBucketsBetweenLooks = 64;

}  // namespace

CatalogUpkeep::CatalogUpkeep(CatalogZone& zone, ngx_log_t* log,
                             std::function<void()> wants_snapshot)
    : zone_(zone),
      log_(log),
      wants_snapshot_(std::move(wants_snapshot)),
      evictions_(zone.stats().evictions),
      sweep_turn_(log, [this] { sweep_expired(); }),
      minute_timer_(log, Timer::AtExit::cancelable, [this] { every_minute(); }) {}

void CatalogUpkeep::start() {
    minute_timer_.start(kMinute_ms);
}

void CatalogUpkeep::loaded() {
    report_evictions();
    want_snapshot();
}

void CatalogUpkeep::every_minute() {
    minute_timer_.start(kMinute_ms);
    ++minutes_;
    report_evictions();
    if (minutes_ % kSweepEvery_minutes == 0) {
        position_ = 0;
        sweep_turn_.ask();
    }
    if (zone_.loaded_once() &&
        (changed_ || minutes_ - snapshot_minute_ >= kSnapshotEvery_minutes)) {
        want_snapshot();
    }
}

void CatalogUpkeep::want_snapshot() {
    changed_ = false;
    snapshot_minute_ = minutes_;
    wants_snapshot_();
}

void CatalogUpkeep::report_evictions() {
    const auto evictions = zone_.stats().evictions;
    if (evictions > evictions_) {
        log_line(NGX_LOG_WARN, log_,
                 "the catalogue is full, " + std::to_string(evictions - evictions_) +
                     " offers had to make room: enlarge coupon_catalog_zone");
    }
    evictions_ = evictions;
}

void CatalogUpkeep::sweep_expired() {
    const Slice slice;
    while (!slice.over()) {
        if (zone_.sweep_expired(ngx_time() - kExpiredKept_s, position_, kBucketsBetweenLooks)) {
            return;
        }
    }
    sweep_turn_.ask();
}

}  // namespace coupon
