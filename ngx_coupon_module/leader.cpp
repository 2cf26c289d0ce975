#include "leader.hpp"

#include "clock.hpp"

#include "catalog/snapshot.hpp"
#include "io/offload.hpp"

namespace coupon {

Leader::Duty::Duty(const Settings& settings, std::function<void()> write_snapshot)
    : postgres(
          settings.postgres, PgConnection::Mode::lasting, settings.log,
          [this] {
              if (catalog) {
                  catalog->connected();
              }
          },
          [this] {
              if (catalog) {
                  catalog->lost();
              }
          }) {
    if (settings.catalog != nullptr) {
        catalog.emplace(*settings.catalog, postgres, settings.log, std::move(write_snapshot));
    }
    postgres.start();
}

Leader::Leader(Settings settings)
    : settings_(std::move(settings)),
      catalog_lock_(settings_.directory + "/leader.lock", LeaderLock::catalog_of_master(ngx_parent)),
      journal_lock_(settings_.directory + "/leader.lock", LeaderLock::kJournal) {}

void Leader::every_second(bool stay) {
    if (!stay) {
        resign();
        return;
    }
    if (!duty_ && take(catalog_lock_)) {
        duty_ = std::make_unique<Duty>(settings_, [this] { write_snapshot(); });
    }
    if (duty_ && take(journal_lock_)) {
        settle();
    }
}

void Leader::settle() {
    if (!duty_->settlement) {
        auto map = settings_.map();
        if (!map) {
            return;
        }
        duty_->settlement = std::make_unique<Settlement>(std::move(map), duty_->postgres, settings_.edge, settings_.log);
    }
    duty_->settlement->exchange();
}

bool Leader::take(LeaderLock& lock) {
    std::string error;
    const bool taken = lock.try_take(error);
    if (error != complained_ && !error.empty()) {
        ngx_log_error(NGX_LOG_ERR, settings_.log, 0, "coupon: no worker can lead: %s", error.c_str());
    }
    complained_ = error;
    return taken;
}

void Leader::resign() noexcept {
    duty_.reset();
    journal_lock_.release();
    catalog_lock_.release();
}

// Reading the zone takes no lock, so a thread can do it while workers go on. Two masters share the
// file during a binary upgrade: only the leader of the journal writes it.
void Leader::write_snapshot() {
    if (writing_snapshot_ || !journal_lock_.held()) {
        return;
    }
    auto written = std::make_shared<SnapshotWritten>();
    writing_snapshot_ = offload(
        [written, path = settings_.snapshot_path, zone = settings_.catalog] { *written = coupon::write_snapshot(path, *zone); },
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
