#include "cron/jobs/catalog_log_trim.hpp"

#include "cron/jobs/batches.hpp"

namespace coupon {
namespace {

// The last of the old ones stays: by it an edge that was away sees that nothing from its cursor on
// is gone, and need not load everything anew.
constexpr const char* trim_sql =
    "DELETE FROM catalog_log WHERE ctid = ANY (ARRAY("
    " SELECT ctid FROM catalog_log WHERE logged_at < now() - interval '1 day'"
    " AND xid < (SELECT max(xid) FROM catalog_log WHERE logged_at < now() - interval '1 day')"
    " LIMIT $1::bigint))";

}  // namespace

CronJob catalog_log_trim() {
    return {"trim_catalog_log", "Forget changes of offers and merchants that are older than a day",
            "hourly :20", [](CronRun& run) -> nlohmann::ordered_json {
                return {{"deleted", repeat_batches(run, trim_sql)}};
            }};
}

}  // namespace coupon
