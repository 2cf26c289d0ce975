// One worker of an edge holds the edge's only lasting connection to PostgreSQL: it keeps the
// catalogue current, exchanges the accounts of the journal and writes the snapshot. A lock decides
// which worker, so that the death of one makes another the leader within a second.
#pragma once

#include "leader_lock.hpp"
#include "settlement.hpp"

#include "io/catalog_sync.hpp"
#include "io/pg_connection.hpp"
#include "io/pg_options.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace coupon {

class Leader {
public:
    struct Settings {
        const PostgresOptions& postgres;
        std::string directory;      // of the journal; holds the lock and the snapshot
        std::string snapshot_path;
        std::string edge;
        CatalogZone* catalog;       // null: the edge has no redirects
        std::function<std::shared_ptr<SegmentMap>()> map;  // null while the journal is not open
        std::atomic<uint64_t>& snapshot_written_ms;
        ngx_log_t* log;
    };

    explicit Leader(Settings settings);

    // Tries to become the leader, or does the leader's work of this second. `stay` is false in a
    // worker that is quitting: it hands over.
    void every_second(bool stay);

    bool leading() const noexcept { return duty_ != nullptr; }
    bool connected() const noexcept { return duty_ && duty_->postgres.ready(); }

private:
    struct Duty {
        Duty(const Settings& settings, std::function<void()> write_snapshot);

        PgConnection postgres;
        std::optional<CatalogSync> catalog;
        std::unique_ptr<Settlement> settlement;  // once the journal is open
    };

    bool take(LeaderLock& lock);
    void settle();
    void resign() noexcept;
    void write_snapshot();

    Settings settings_;
    LeaderLock catalog_lock_;
    LeaderLock journal_lock_;
    std::unique_ptr<Duty> duty_;
    bool writing_snapshot_ = false;
    std::string complained_;
};

}  // namespace coupon
