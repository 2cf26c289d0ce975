#include "cron/release_holds.hpp"

#include "runtime/pg_transaction.hpp"

namespace coupon {
namespace {

// Of which one transaction gives back so many, so that users' rows are not locked for long.
constexpr const char* release_sql = "SELECT wallet_expire(500)";

nlohmann::ordered_json release_holds(CronRun& run) {
    std::int64_t released = 0;
    bool more = true;
    while (more && !run.stop.requested()) {
        PgTransaction transaction(run.pg);
        run.fence();
        const auto now = run.pg.execute(release_sql).number(0, 0);
        transaction.commit();
        released += now;
        more = now > 0;
    }
    if (released > 0) {
        run.log.info("holds whose time was over gave their amounts back", {{"holds", released}});
    }
    nlohmann::ordered_json result{{"released", released}};
    if (more) {
        result["interrupted"] = true;
    }
    return result;
}

}  // namespace

CronJob release_holds_job() {
    return {"release_holds", "Give back what is held for withdrawals whose time is over",
            "every 5m", release_holds};
}

}  // namespace coupon
