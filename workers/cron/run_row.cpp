#include "cron/run_row.hpp"

#include "runtime/job_table.hpp"
#include "runtime/storable_text.hpp"

namespace coupon {
namespace {

LeaseLost lost(const CronClaim& claim) {
    return LeaseLost("run " + claim.id + " of " + claim.job + " is another worker's by now");
}

#define COUPON_MY_RUN " WHERE id = $1 AND worker = $2 AND takeovers = $3 AND status = 'running'"

constexpr const char* fence_sql = "SELECT FROM cron_runs" COUPON_MY_RUN " FOR UPDATE";

constexpr const char* complete_sql =
    "UPDATE cron_runs SET status = 'completed', finished_at = now(), error = NULL,"
    " result = $4::jsonb" COUPON_MY_RUN;

constexpr const char* fail_sql =
    "UPDATE cron_runs SET status = 'failed', finished_at = now(), error = $4" COUPON_MY_RUN;

constexpr const char* again_sql =
    "UPDATE cron_runs SET takeovers = takeovers + $4::int" COUPON_MY_RUN;

}  // namespace

void RunRow::fence() {
    if (pg_.execute(fence_sql, {claim_.id, claim_.worker, std::to_string(claim_.takeovers)})
            .rows() == 0) {
        throw lost(claim_);
    }
}

void RunRow::change(const char* sql, const PgParameter& value) {
    if (pg_.execute(sql, {claim_.id, claim_.worker, std::to_string(claim_.takeovers), value})
            .affected() == 0) {
        throw lost(claim_);
    }
}

void RunRow::complete(const nlohmann::ordered_json& result) {
    change(complete_sql,
           result.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

void RunRow::fail(const std::string& why) {
    change(fail_sql, storable_text(why));
}

void RunRow::give_back() {
    if (!coupon::give_back(pg_, claim_)) {
        throw lost(claim_);
    }
}

void RunRow::begin_again() {
    change(again_sql, "1");
    ++claim_.takeovers;
}

}  // namespace coupon
