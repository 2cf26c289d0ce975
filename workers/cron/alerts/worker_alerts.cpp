#include <set>

#include "cron/alerts/alert_checks.hpp"
#include "operations/redis_state.hpp"

namespace coupon {
namespace {

constexpr const char* seen_sql =
    "INSERT INTO roles_seen (role) SELECT unnest($1::text[])"
    " ON CONFLICT (role) DO UPDATE SET seen_at = now()";

constexpr const char* gone_sql =
    "SELECT role, extract(epoch FROM now() - seen_at)::bigint / 60 FROM roles_seen"
    " WHERE seen_at < now() - interval '5 minutes' AND seen_at > now() - interval '7 days'"
    " ORDER BY role";

}  // namespace

std::vector<Alert> look_at_workers(PgConnection& pg, RedisConnection& redis) {
    std::set<std::string> roles;
    for (const auto& worker : read_heartbeats(redis)) {
        if (worker.alive) {
            roles.insert(worker.role);
        }
    }
    PgArray alive;
    for (const auto& role : roles) {
        alive.add(role);
    }
    pg.execute(seen_sql, {alive.literal()});
    std::vector<Alert> alerts;
    const auto gone = pg.execute(gone_sql);
    for (int row = 0; row < gone.rows(); ++row) {
        const std::string role(gone.text(row, 0));
        alerts.push_back({"worker_gone", role,
                          "no " + role + " worker has been there for " +
                              std::string(gone.text(row, 1)) + " minutes; start coupon-worker " +
                              role});
    }
    return alerts;
}

}  // namespace coupon
