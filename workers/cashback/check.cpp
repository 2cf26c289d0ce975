#include "cashback/check.hpp"

#include "cashback/cashback_settings.hpp"
#include "cashback/networks/configured_networks.hpp"
#include "runtime/environment.hpp"
#include "runtime/error.hpp"
#include "runtime/pg_connection.hpp"
#include "runtime/role_check.hpp"

namespace coupon {
namespace {

constexpr int timeout_ms = 5000;

void check_click_key() {
    if (configured_cashback().effects.click_keys.empty()) {
        throw ConfigError(
            "COUPON_CLICK_KEY is not set: sub-ids that somebody made up would not be told from "
            "ours "
            "(or COUPON_CLICK_KEY_FILE)");
    }
}

void check_networks() {
    const Log log("cashback", "check", LogLevel::error);
    configured_networks(required_environment("DATABASE_URL", "where PostgreSQL is"),
                        parse_redis_url(required_environment("REDIS_URL", "where Redis is")), log);
}

void check_time_zone() {
    PgConnection pg(required_environment("DATABASE_URL", "where PostgreSQL is"),
                    "coupon-worker check", timeout_ms);
    try {
        pg.execute("SELECT now() AT TIME ZONE $1", {configured_cashback().time_zone});
    } catch (const PgError& error) {
        if (error.sqlstate() == "22023") {
            throw ConfigError("COUPON_TZ is no time zone that PostgreSQL knows");
        }
        throw;
    }
}

}  // namespace

int check_cashback(std::ostream& out) {
    return run_checks(
        "cashback",
        {check_common_settings, check_click_key, check_networks, [] { check_redis("cashback"); },
         [] {
             check_postgres({"affiliate_transactions", "cashback_transitions", "cashback_events",
                             "network_runs", "network_cursors", "exchange_rates", "cashback_jobs",
                             "offer_clicks_all", "ledger_transactions", "ledger_entries",
                             "email_queue", "sms_queue"});
         },
         check_time_zone},
        out);
}

}  // namespace coupon
