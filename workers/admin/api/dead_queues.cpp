#include "admin/api/dead_queues.hpp"

#include <array>

#include "admin/api/masking.hpp"
#include "admin/api/request_values.hpp"
#include "operations/replay.hpp"

namespace coupon {
namespace {

constexpr const char* failed = "status = 'failed'";

// webhook_replayable_sql and message_unknown_sql are made when the program starts: not constexpr.
const std::array<DeadQueue, 6>& dead_queues() {
    static const std::array<DeadQueue, 6> queues{
        {{"webhooks", "webhook_logs", failed, "concat_ws(' ', provider, event)", "NULL::text",
          "attempts", "last_error", "correlation_id", "finished_at", "fields", "raw",
          webhook_replayable_sql, "false", nullptr},
         {"outbox", "outbox", failed, "kind", "NULL::text", "attempts", "last_error",
          "correlation_id", "finished_at", "data", "raw", "true", "false", nullptr},
         {"email", "email_queue", failed, "type", "\"to\"", "attempts", "last_error",
          "correlation_id", "finished_at", "data", "raw", "true", message_unknown_sql,
          &message_queues[0]},
         {"sms", "sms_queue", failed, "type", "\"to\"", "attempts", "last_error", "correlation_id",
          "finished_at", "data", "raw", "true", message_unknown_sql, &message_queues[1]},
         {"cashback", "cashback_jobs", failed, "concat_ws(' ', type, network)", "NULL::text",
          "attempts", "last_error", "correlation_id", "finished_at", "data", "raw", "true", "false",
          nullptr},
         {"clicks", "click_rejects", "true", "'click'::text", "NULL::text", "NULL::int", "reason",
          "NULL::text", "created_at", "NULL::jsonb", "raw", "", "false", nullptr}}};
    return queues;
}

}  // namespace

const DeadQueue& dead_queue(const std::string& name) {
    for (const auto& queue : dead_queues()) {
        if (name == queue.name) {
            return queue;
        }
    }
    not_found("no queue has this name: they are webhooks, outbox, email, sms, cashback and clicks");
}

std::string dead_letters_sql(const DeadQueue& queue) {
    std::string search = " OR " + searchable_sql(queue.error) + " ILIKE $1";
    for (const std::string column : {"id", queue.type, queue.correlation_id}) {
        search += " OR (" + column + ")::text ILIKE $1";
    }
    return " FROM " + std::string(queue.table) + " WHERE " + queue.where +
           " AND ($1::text IS NULL" + search + ")";
}

bool is_dead_id(PgConnection& pg, const DeadQueue& queue, const std::string& id) {
    return is_row_id(id, row_id_type(pg, queue.table));
}

}  // namespace coupon
