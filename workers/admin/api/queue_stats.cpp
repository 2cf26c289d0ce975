#include "admin/api/queue_stats.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "operations/redis_state.hpp"
#include "runtime/clock.hpp"

namespace coupon {
namespace {

struct Queue {
    const char* name;
    bool in_redis;
    const char* table;  // null: it has no jobs, only rejects
};

constexpr std::array<Queue, 6> queues{{{"clicks", true, nullptr},
                                       {"webhooks", true, "webhook_logs"},
                                       {"outbox", false, "outbox"},
                                       {"email", true, "email_queue"},
                                       {"sms", true, "sms_queue"},
                                       {"cashback", true, "cashback_jobs"}}};

// Each look has a small index of its own, whatever the table holds.
std::string table_sql(const std::string& table) {
    return "SELECT waiting.*, (SELECT count(*) FROM " + table +
           " WHERE status = 'processing'), (SELECT count(*) FROM " + table +
           " WHERE status = 'failed') FROM (SELECT count(*), count(*) FILTER (WHERE scheduled_at "
           "<= now()), count(*) FILTER (WHERE scheduled_at > now()),"
           " extract(epoch FROM now() - min(scheduled_at) FILTER (WHERE scheduled_at <= now()))"
           "::bigint FROM " +
           table + " WHERE status = 'pending') AS waiting";
}

constexpr const char* rejects_sql =
    "SELECT NULL, NULL, NULL, NULL, NULL, count(*) FROM click_rejects";

std::optional<QueueDepth> depth_of(RedisConnection& redis, const Queue& queue, bool& up) {
    if (!queue.in_redis || !up) {
        return std::nullopt;
    }
    try {
        return look_at_queue(redis, queue.name);
    } catch (const std::exception&) {
        up = false;
        return std::nullopt;
    }
}

std::optional<PgResult> rows_of(PgConnection& pg, const Queue& queue, bool& up) {
    if (!up) {
        return std::nullopt;
    }
    try {
        return pg.execute(queue.table == nullptr ? rejects_sql : table_sql(queue.table).c_str());
    } catch (const PgError&) {
        up = false;
        return std::nullopt;
    }
}

// Of what waits in Redis or in the table, whichever is older.
Json oldest_s(const std::optional<QueueDepth>& depth, Json in_table) {
    if (!depth || !depth->oldest_ms) {
        return in_table;
    }
    const auto in_redis = std::max<std::int64_t>((unix_now_ms() - *depth->oldest_ms) / 1000, 0);
    return in_table.is_null() ? in_redis : std::max(in_redis, in_table.get<std::int64_t>());
}

}  // namespace

Json queue_stats(AdminResources& resources) {
    bool redis = true;
    bool postgres = true;
    auto list = Json::array();
    for (const auto& queue : queues) {
        const auto depth = depth_of(resources.redis, queue, redis);
        const auto rows = rows_of(resources.pg, queue, postgres);
        const auto number = [&](int column) {
            return rows ? number_or_null(*rows, 0, column) : Json();
        };
        list.push_back({{"name", queue.name},
                        {"depth", depth ? Json(depth->depth) : Json()},
                        {"claimed", depth ? Json(depth->claimed) : Json()},
                        {"table", queue.table == nullptr ? Json() : Json(queue.table)},
                        {"pending", number(0)},
                        {"due", number(1)},
                        {"delayed", number(2)},
                        {"processing", number(4)},
                        {"failed", number(5)},
                        {"oldest_due_s", oldest_s(depth, number(3))}});
    }
    if (!redis && !postgres) {
        throw RedisUnavailable("neither Redis nor PostgreSQL answers");
    }
    return {{"at", iso_now()}, {"redis", redis}, {"postgres", postgres}, {"queues", list}};
}

AdminAnswer answer_queue_stats(const AdminRequest&, AdminResources& resources) {
    return json_answer(queue_stats(resources));
}

}  // namespace coupon
