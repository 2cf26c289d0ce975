#include "leader.hpp"

#include "clock.hpp"

#include "catalog/snapshot.hpp"
#include "io/offload.hpp"

namespace coupon {

Leader::Duty::Duty(FileLock taken, const Settings& settings, std::function<void()> write_snapshot)
    : lock(std::move(taken)),
      postgres(
          settings.postgres, PgConnection::Mode::lasting, settings.log, [this] { catalog.connected(); },
          [this] { catalog.lost(); }),
      catalog(settings.catalog, postgres, settings.log, std::move(write_snapshot)),
      settlement(settings.map, postgres, settings.edge, settings.log) {
    postgres.start();
}

void Leader::every_second(bool stay) {
    if (!stay) {
        resign();
        return;
    }
    if (duty_) {
        duty_->settlement.exchange();
        return;
    }
    std::string error;
    auto lock = FileLock::try_take(settings_.directory + "/leader.lock", FileLock::Mode::exclusive, true, error);
    if (!lock) {
        if (error != complained_ && !error.empty()) {
            ngx_log_error(NGX_LOG_ERR, settings_.log, 0, "coupon: no worker can lead: %s", error.c_str());
        }
        complained_ = error;
        return;
    }
    duty_ = std::make_unique<Duty>(std::move(*lock), settings_, [this] { write_snapshot(); });
}

void Leader::resign() { duty_.reset(); }

const std::string& Leader::outage_reason() const noexcept {
    static const std::string none;
    return duty_ ? duty_->postgres.outage_reason() : none;
}

// Reading the zone takes no lock, so a thread can do it while workers go on.
void Leader::write_snapshot() {
    if (writing_snapshot_) {
        return;
    }
    auto written = std::make_shared<SnapshotWritten>();
    writing_snapshot_ = offload(
        [written, path = settings_.snapshot_path, zone = &settings_.catalog] { *written = coupon::write_snapshot(path, *zone); },
        [this, written] {
            writing_snapshot_ = false;
            if (!written->error.empty()) {
                ngx_log_error(NGX_LOG_ERR, settings_.log, 0, "coupon: catalogue snapshot not written: %s",
                              written->error.c_str());
                return;
            }
            settings_.snapshot_written_ms.store(wall_ms(), std::memory_order_relaxed);
        });
}

}  // namespace coupon
