#include "couponctl/autoscale_pending.hpp"

#include <array>

#include "couponctl/settings.hpp"

namespace coupon {
namespace {

constexpr int timeout_ms = 10'000;

struct RoleTable {
    const char* role;
    const char* due_sql;
};

// Counting ends above the largest threshold there may be: a backlog of millions is not walked
// through twice a minute. Clicks have no job table: they wait in Redis alone.
const std::array<RoleTable, 4> role_tables{{
    {"webhooks",
     "SELECT count(*) FROM (SELECT FROM webhook_logs WHERE status = 'pending'"
     " AND scheduled_at <= now() LIMIT 1000001) a"},
    {"webhooks",
     "SELECT count(*) FROM (SELECT FROM outbox WHERE status = 'pending'"
     " AND scheduled_at <= now() LIMIT 1000001) a"},
    {"email",
     "SELECT count(*) FROM (SELECT FROM email_queue WHERE status = 'pending'"
     " AND scheduled_at <= now() LIMIT 1000001) a"},
    {"sms",
     "SELECT count(*) FROM (SELECT FROM sms_queue WHERE status = 'pending'"
     " AND scheduled_at <= now() LIMIT 1000001) a"},
}};

}  // namespace

PendingCounter::PendingCounter()
    : redis_(configured_redis(timeout_ms)), pg_(configured_postgres(timeout_ms)) {}

PendingJobs PendingCounter::count(const std::string& role) {
    PendingJobs pending;
    pending.queued = redis_.command({"LLEN", "queue:" + role})->integer;
    for (const auto& table : role_tables) {
        if (role == table.role) {
            pending.due += pg_.execute(table.due_sql).number(0, 0);
        }
    }
    return pending;
}

}  // namespace coupon
