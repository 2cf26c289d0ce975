#include "cron/jobs/clean_logs.hpp"

#include <array>

#include "cron/jobs/archive_file.hpp"
#include "cron/jobs/archive_rows.hpp"
#include "cron/jobs/batches.hpp"
#include "cron/jobs/click_partitions.hpp"
#include "cron/jobs/click_privacy.hpp"
#include "operations/forget_messages.hpp"
#include "operations/message_queue.hpp"
#include "runtime/error.hpp"

namespace coupon {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* audit_logs_sql =
    "DELETE FROM audit_logs WHERE ctid = ANY (ARRAY(SELECT ctid FROM audit_logs"
    " WHERE created_at < now() - make_interval(days => $1::int) LIMIT $2::bigint))";

// Of each job the last run stays, and the last that was due: by it cron knows what is. Those of
// jobs that run every so many minutes are many.
constexpr const char* cron_runs_sql =
    "DELETE FROM cron_runs WHERE id = ANY (ARRAY(SELECT id FROM cron_runs r"
    " WHERE finished_at < now() - interval '2 days'"
    " AND (job IN (SELECT name FROM cron_jobs WHERE schedule LIKE 'every %')"
    "  OR finished_at < now() - interval '180 days')"
    " AND id < (SELECT max(id) FROM cron_runs last WHERE last.job = r.job)"
    " AND id IS DISTINCT FROM (SELECT id FROM cron_runs due WHERE due.job = r.job"
    "  AND due.cause <> 'manual' ORDER BY id DESC LIMIT 1) LIMIT $1::bigint))";

// The dashboard's story of a message; the message's own row says how it ended.
constexpr const char* message_events_sql =
    "DELETE FROM message_events WHERE ctid = ANY (ARRAY(SELECT ctid FROM message_events"
    " WHERE at < now() - make_interval(days => $1::int) LIMIT $2::bigint))";

constexpr const char* worker_rates_sql =
    "DELETE FROM worker_rates WHERE ctid = ANY (ARRAY(SELECT ctid FROM worker_rates"
    " WHERE minute < now() - interval '30 days' LIMIT $1::bigint))";

// Vouchers, links and passwords are not needed once their message is sent. The row stays: its key
// keeps the message from being sent again.
const std::array<const char*, 2> message_data_sql = {
    "UPDATE email_queue SET data = '{}' WHERE ctid = ANY (ARRAY(SELECT ctid FROM email_queue"
    " WHERE status = 'completed' AND finished_at < now() - make_interval(days => $1::int)"
    " AND data::text <> '{}' ORDER BY finished_at LIMIT $2::bigint FOR UPDATE SKIP LOCKED))",
    "UPDATE sms_queue SET data = '{}' WHERE ctid = ANY (ARRAY(SELECT ctid FROM sms_queue"
    " WHERE status = 'completed' AND finished_at < now() - make_interval(days => $1::int)"
    " AND data::text <> '{}' ORDER BY finished_at LIMIT $2::bigint FOR UPDATE SKIP LOCKED))"};

// In the order of the index over those that still name their recipient.
constexpr const char* old_messages =
    "status = 'completed' AND finished_at < now() - make_interval(days => $1::int)";

// As old as the row, where the back end or an earlier version did not tell when.
std::string date_messages_sql(const std::string& table) {
    return "UPDATE " + table + " SET finished_at = created_at WHERE ctid = ANY (ARRAY(SELECT ctid FROM " +
           table + " WHERE status = 'completed' AND finished_at IS NULL AND created_at IS NOT NULL AND " +
           message_known_sql + " LIMIT $1::bigint FOR UPDATE SKIP LOCKED))";
}

// A back end's table may refuse what stands where a recipient stood: nothing else waits for that.
void forget_recipients(CronRun& run, int days, Json& done) {
    std::int64_t forgotten = 0;
    std::string refused;
    for (const auto& queue : message_queues) {
        try {
            forgotten += repeat_batches(
                run, forget_messages_sql(queue.table, old_messages).c_str(), {std::to_string(days)});
        } catch (const PgError& error) {
            if (error.is_temporary()) {
                throw;
            }
            refused += std::string(refused.empty() ? "" : "; ") + queue.table + ": " + error.what();
        }
    }
    done["recipients"] = forgotten;
    if (!refused.empty()) {
        throw CommandError("all else is done, but recipients cannot be forgotten: " + refused);
    }
}

// A body is written as hex.
constexpr const char* webhook_bytes =
    "2 * COALESCE(octet_length(t.body), 0) + COALESCE(octet_length(t.raw), 0)"
    " + pg_column_size(t.headers) + pg_column_size(t.fields)";
constexpr const char* job_bytes = "pg_column_size(t.data) + COALESCE(octet_length(t.raw), 0)";

const ArchiveSource finished_webhooks{
    "webhook_logs",
    "t.status = 'completed' AND t.received_at < now() - make_interval(days => $1::int)",
    "received_at", webhook_bytes};

// One that was replayed and failed again is as old as its last failure.
ArchiveSource dead(const std::string& table, const char* bytes) {
    return {table,
            "t.status = 'failed' AND t.created_at < now() - make_interval(days => $1::int)"
            " AND (t.finished_at IS NULL"
            " OR t.finished_at < now() - make_interval(days => $1::int))",
            "created_at", bytes};
}

constexpr const char* no_archive = "kept: ARCHIVE_DIR is not set";

}  // namespace

CronJob clean_logs(const RetentionSettings& settings) {
    const auto work = [settings](CronRun& run) {
        Json done;
        done["audit_logs"] =
            repeat_batches(run, audit_logs_sql, {std::to_string(settings.audit_log_days)});
        done["cron_runs"] = repeat_batches(run, cron_runs_sql);
        done["worker_rates"] = repeat_batches(run, worker_rates_sql);
        done["message_events"] =
            repeat_batches(run, message_events_sql, {std::to_string(settings.dead_days)});
        for (const auto& queue : message_queues) {
            repeat_batches(run, date_messages_sql(queue.table).c_str());
        }
        std::int64_t messages = 0;
        for (const auto* sql : message_data_sql) {
            messages += repeat_batches(run, sql, {std::to_string(settings.message_data_days)});
        }
        done["message_data"] = messages;
        done["visitors"] = forget_visitors(run, settings.click_pii_days);
        if (settings.archive_folder.empty()) {
            done["webhook_logs"] = no_archive;
        } else {
            repair_archive(run.pg, settings.archive_folder, run.log);
            done["webhook_logs"] = archive_rows(run, settings.archive_folder, finished_webhooks,
                                                settings.webhook_log_days);
        }
        done["click_partitions"] =
            detach_click_partitions(run, settings.click_months, settings.attribution_days);
        forget_recipients(run, settings.message_pii_days, done);
        if (run.stop.requested()) {
            done["interrupted"] = true;
        }
        return done;
    };
    return {"clean_logs", "Delete, archive and make anonymous what is kept no longer",
            "weekly sun 03:30", work};
}

CronJob dead_rows(const RetentionSettings& settings) {
    const auto work = [settings](CronRun& run) -> Json {
        if (settings.archive_folder.empty()) {
            return {{"dead_letters", no_archive}};
        }
        repair_archive(run.pg, settings.archive_folder, run.log);
        Json done;
        for (const auto* table : {"email_queue", "sms_queue", "cashback_jobs", "outbox"}) {
            done[table] = archive_rows(run, settings.archive_folder, dead(table, job_bytes),
                                       settings.dead_days);
        }
        done["webhook_logs"] = archive_rows(
            run, settings.archive_folder, dead("webhook_logs", webhook_bytes), settings.dead_days);
        if (run.stop.requested()) {
            done["interrupted"] = true;
        }
        return done;
    };
    return {"dead_rows", "Archive dead letters that nobody replayed", "weekly sun 04:30", work};
}

}  // namespace coupon
