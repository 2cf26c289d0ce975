#include "runtime/role_check.hpp"

#include "runtime/environment.hpp"
#include "runtime/error.hpp"
#include "runtime/log.hpp"
#include "runtime/metrics_server.hpp"
#include "runtime/pg_connection.hpp"
#include "runtime/redis_connection.hpp"
#include "runtime/redis_queue.hpp"

namespace coupon {
namespace {

constexpr int timeout_ms = 5000;

constexpr const char* missing_tables_sql =
    "SELECT name FROM unnest($1::text[]) AS name WHERE to_regclass(name) IS NULL";

}  // namespace

void check_common_settings() {
    parse_log_level(environment_value("LOG_LEVEL").value_or("info"));
    configured_metrics_listen();
}

void check_redis(const std::string& queue) {
    RedisConnection redis(parse_redis_url(required_environment("REDIS_URL", "where Redis is")),
                          timeout_ms);
    redis.command({"LLEN", queue_key(queue)});
}

void check_postgres(const std::vector<std::string>& tables) {
    PgConnection pg(required_environment("DATABASE_URL", "where PostgreSQL is"),
                    "coupon-worker check", timeout_ms);
    PgArray names;
    for (const auto& table : tables) {
        names.add(table);
    }
    const auto missing = pg.execute(missing_tables_sql, {names.literal()});
    if (missing.rows() > 0) {
        throw CommandError("PostgreSQL has no table " + std::string(missing.text(0, 0)) +
                           ": run couponctl migrate");
    }
}

int run_checks(const std::string& role, const std::vector<Check>& checks, std::ostream& out) {
    bool good = true;
    for (const auto& check : checks) {
        try {
            check();
        } catch (const std::exception& failure) {
            good = false;
            out << "coupon-worker " << role << ": " << failure.what() << '\n';
        }
    }
    if (good) {
        out << "coupon-worker " << role << ": settings, Redis and PostgreSQL are fine\n";
    }
    return good ? 0 : 1;
}

}  // namespace coupon
