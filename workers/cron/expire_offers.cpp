#include "cron/expire_offers.hpp"

#include "runtime/pg_transaction.hpp"

namespace coupon {
namespace {

constexpr const char* batch = "500";

// In the order of ids, as everybody locks offers; one that somebody holds is left for the next
// time: the edges know by the clock that it is over.
constexpr const char* expire_sql =
    "WITH over AS (SELECT id FROM offers WHERE is_active AND expires_at <= now() AND id > "
    "$1::bigint"
    "  ORDER BY id LIMIT $2::int FOR UPDATE SKIP LOCKED),"
    " changed AS (UPDATE offers SET is_active = false, updated_at = now()"
    "  WHERE id IN (SELECT id FROM over) RETURNING id)"
    " SELECT count(*), max(id) FROM changed";

constexpr const char* left_sql =
    "SELECT count(*) FROM offers WHERE is_active AND expires_at <= now()";

nlohmann::ordered_json expire_offers(CronRun& run) {
    std::int64_t expired = 0;
    std::string last = "0";
    bool more = true;
    while (more && !run.stop.requested()) {
        PgTransaction transaction(run.pg);
        run.fence();
        const auto row = run.pg.execute(expire_sql, {last, batch});
        transaction.commit();
        more = row.number(0, 0) > 0;
        expired += row.number(0, 0);
        last = more ? std::string(row.text(0, 1)) : last;
    }
    if (more) {
        return {{"expired", expired}, {"interrupted", true}};
    }
    return {{"expired", expired}, {"left", run.pg.execute(left_sql).number(0, 0)}};
}

}  // namespace

CronJob expire_offers_job() {
    return {"expire_offers", "Switch off offers whose time is over", "daily 02:00", expire_offers};
}

}  // namespace coupon
