#include "clicks/check.hpp"

#include "runtime/environment.hpp"
#include "runtime/error.hpp"
#include "runtime/log.hpp"
#include "runtime/pg_connection.hpp"
#include "runtime/redis_connection.hpp"

namespace coupon {
namespace {

constexpr int timeout_ms = 5000;

constexpr const char* missing_tables_sql =
    "SELECT name FROM unnest(ARRAY['offer_clicks', 'click_rejects', 'journal_segments', 'offers']) "
    "AS name"
    " WHERE to_regclass(name) IS NULL";

void check_log_level() {
    parse_log_level(environment_value("LOG_LEVEL").value_or("info"));
}

void check_redis() {
    RedisConnection redis(parse_redis_url(required_environment("REDIS_URL", "where Redis is")),
                          timeout_ms);
    redis.command({"LLEN", "queue:clicks"});
}

void check_postgres() {
    PgConnection pg(required_environment("DATABASE_URL", "where PostgreSQL is"),
                    "coupon-worker check", timeout_ms);
    const auto missing = pg.execute(missing_tables_sql);
    if (missing.rows() > 0) {
        throw CommandError("PostgreSQL has no table " + std::string(missing.text(0, 0)) +
                           ": run couponctl migrate");
    }
}

}  // namespace

int check_clicks(std::ostream& out) {
    bool good = true;
    for (const auto& part : {check_log_level, check_redis, check_postgres}) {
        try {
            part();
        } catch (const std::exception& failure) {
            good = false;
            out << "coupon-worker clicks: " << failure.what() << '\n';
        }
    }
    if (good) {
        out << "coupon-worker clicks: settings, Redis and PostgreSQL are fine\n";
    }
    return good ? 0 : 1;
}

}  // namespace coupon
