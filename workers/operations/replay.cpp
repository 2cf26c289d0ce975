#include "operations/replay.hpp"

#include "operations/forget_messages.hpp"

namespace coupon {
namespace {

std::string literal(const std::vector<std::string>& ids) {
    PgArray array;
    for (const auto& id : ids) {
        array.add(id);
    }
    return array.literal();
}

}  // namespace

const char* const webhook_replayable_sql =
    "(status IN ('completed', 'failed') AND verdict = 'accepted' AND body IS NOT NULL)";

std::int64_t replay_webhooks(PgConnection& pg, const std::vector<std::string>& ids) {
    const auto sql = std::string(
                         "UPDATE webhook_logs SET status = 'pending', attempts = 0, starts = 0,"
                         " scheduled_at = now(), finished_at = NULL, last_error = NULL"
                         " WHERE id = ANY ($1::uuid[]) AND ") +
                     webhook_replayable_sql;
    return pg.execute(sql.c_str(), {literal(ids)}).affected();
}

const char* const message_unknown_sql = "(COALESCE(delivery_status, '') = 'unknown')";

std::int64_t replay_messages(PgConnection& pg, const MessageQueue& queue,
                             const std::vector<std::string>& ids, bool unknown,
                             const std::string& reason) {
    const std::string table = queue.table;
    const auto sql =
        "WITH again AS (UPDATE " + table +
        " SET status = 'pending', delivery_status = NULL, attempts = 0, unknowns = 0,"
        " throttled = 0, starts = 0, scheduled_at = now(), finished_at = NULL, sent_at = NULL,"
        " last_error = NULL, provider_message_id = NULL"
        " WHERE id = ANY ($1::" +
        row_id_type(pg, table) +
        "[]) AND status <> 'processing' AND " +
        message_known_sql +
        " AND ($2::boolean OR NOT " +
        message_unknown_sql +
        ")"
        " AND COALESCE(delivery_status, '') NOT IN ('sent', 'queued', 'deferred', 'delivered')"
        " RETURNING id::text)"
        " INSERT INTO message_events (queue, message_id, status, reason)"
        " SELECT $3, id, 'replayed', $4 FROM again";
    return pg.execute(sql.c_str(), {literal(ids), unknown ? "t" : "f", queue.name, reason})
        .affected();
}

std::int64_t replay_dead_jobs(PgConnection& pg, const std::string& table,
                              const std::vector<std::string>& ids) {
    const auto sql = "UPDATE " + table +
                     " SET status = 'pending', attempts = 0, starts = 0, scheduled_at = now(),"
                     " finished_at = NULL, last_error = NULL"
                     " WHERE id = ANY ($1::uuid[]) AND status = 'failed'";
    return pg.execute(sql.c_str(), {literal(ids)}).affected();
}

}  // namespace coupon
