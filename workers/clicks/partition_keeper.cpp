#include "clicks/partition_keeper.hpp"

#include "runtime/pg_connection.hpp"

namespace coupon {
namespace {

constexpr const char* ensure_sql = "SELECT coupon_ensure_click_partitions(3)";
constexpr std::chrono::hours check_every{24};
constexpr std::chrono::minutes retry_after{1};
constexpr int deadline_ms = 10 * 60 * 1000;  // rows may have to move out of the default partition

}  // namespace

void PartitionKeeper::keep() {
    const auto now = std::chrono::steady_clock::now();
    if (now < due_) {
        return;
    }
    try {
        // A connection of its own: the deadline of the clicks' connection is far shorter.
        PgConnection pg(database_url_, "coupon-worker partitions", deadline_ms);
        const auto made = pg.execute(ensure_sql).number(0, 0);
        if (made > 0) {
            log_.info("made partitions of offer_clicks", {{"partitions", made}});
        }
        due_ = now + check_every;
    } catch (const PgError& error) {
        log_.warn("the partitions of offer_clicks cannot be checked; tried again in a minute",
                  {{"error", error.what()}, {"sqlstate", error.sqlstate()}});
        due_ = now + retry_after;
    }
}

}  // namespace coupon
