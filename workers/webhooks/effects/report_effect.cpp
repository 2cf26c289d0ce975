#include <array>

#include "runtime/row_id.hpp"
#include "runtime/storable_text.hpp"
#include "webhooks/effects/message_effect.hpp"

namespace coupon {
namespace {

// A later word replaces an earlier one, never the other way; an address may still bounce after its
// server took the message. The first three are our own words: any report knows better.
constexpr std::array<std::string_view, 9> steps{"unknown",   "expired", "suppressed",
                                                "queued",    "sent",    "deferred",
                                                "delivered", "failed",  "bounced"};

constexpr int attempts_for_row = 3;
constexpr std::chrono::seconds wait_for_row{5};
constexpr std::size_t reason_bytes_max = 1000;

std::string steps_before(std::string_view status) {
    PgArray earlier;
    for (const auto step : steps) {
        if (step == status) {
            break;
        }
        earlier.add(step);
    }
    return earlier.literal();
}

struct Queue {
    std::string name, table;
    const char* find_sql;  // by the provider's id, $1, and the number, $2
};

// Numbers are written in many ways, so the last ten digits have to do beside the provider's id.
const Queue email_queue{"email", "email_queue",
                        "SELECT id::text FROM email_queue WHERE provider_message_id = $1"
                        " AND $2 = $2 ORDER BY id LIMIT 1 FOR UPDATE"};
const Queue sms_queue{
    "sms", "sms_queue",
    "SELECT id::text FROM sms_queue WHERE provider_message_id = $1 AND ($2 = '' OR"
    "  right(ltrim(regexp_replace(COALESCE(\"to\", ''), '[^0-9]', '', 'g'), '0'), 10)"
    "   = right(ltrim($2, '0'), 10)) ORDER BY id LIMIT 1 FOR UPDATE"};

PgParameter unless_empty(const std::string& text) {
    return text.empty() ? PgParameter() : PgParameter(text);
}

// The id of the row, which is locked; empty: there is none.
std::string find_row(PgConnection& pg, const Queue& queue, const std::string& provider,
                     const MessageReport& report) {
    if (!report.own_id.empty() && is_row_id(report.own_id, row_id_type(pg, queue.table))) {
        // Another database that has sent with the same account counts its rows as we do.
        const auto sql = "SELECT id::text FROM " + queue.table +
                         " WHERE id = $1 AND lower(\"to\") = $2 AND COALESCE(provider, $3) = $3"
                         " AND COALESCE(provider_message_id, $4) = $4 FOR UPDATE";
        if (const auto own = pg.execute(
                sql.c_str(), {report.own_id, report.recipient, provider, report.message_id});
            own.rows() > 0) {
            return std::string(own.text(0, 0));
        }
    }
    if (report.message_id.empty()) {
        return {};
    }
    const auto found = pg.execute(queue.find_sql, {report.message_id, report.number});
    return found.rows() == 0 ? std::string() : std::string(found.text(0, 0));
}

// Whether it is about what was sent before the message was replayed: it says what came before, or
// names a sending of then. Providers give whole seconds.
bool is_outdated(PgConnection& pg, const Queue& queue, const std::string& id,
                 const MessageReport& report) {
    const auto sql =
        "SELECT FROM message_events AS replay JOIN " + queue.table +
        " AS job ON job.id = $5 AND (job.provider_message_id = $3) IS NOT TRUE"
        " WHERE replay.queue = $1 AND replay.message_id = $2 AND replay.status = 'replayed'"
        "  AND (replay.at >= to_timestamp($4::bigint / 1000.0) + interval '1 second'"
        "   OR EXISTS (SELECT FROM message_events AS earlier WHERE earlier.queue = $1"
        "    AND earlier.message_id = $2 AND earlier.id < replay.id"
        "    AND earlier.provider_message_id = $3)) LIMIT 1";
    return pg.execute(sql.c_str(),
                      {queue.name, id, unless_empty(report.message_id),
                       report.at_ms > 0 ? PgParameter(std::to_string(report.at_ms)) : PgParameter(),
                       id})
               .rows() > 0;
}

// A message that was held because nobody knew, that whoever sent it left, or that was given up,
// needs nothing more once its provider speaks of it. A pending one that was never tried was
// replayed: the report is about what was sent before.
bool move_forward(PgConnection& pg, const Queue& queue, const std::string& id,
                  const std::string& provider, const MessageReport& report,
                  const std::string& reason) {
    constexpr const char* over =
        "(status IN ('pending', 'failed') OR (status = 'processing' AND lease_until < now()))";
    const auto sql =
        "UPDATE " + queue.table +
        " SET delivery_status = $2, last_error = COALESCE($4, last_error),"
        " provider = COALESCE(provider, $5),"
        " provider_message_id = COALESCE(provider_message_id, $6),"
        " finished_at = CASE WHEN " +
        over +
        " THEN now() ELSE finished_at END,"
        " lease_token = CASE WHEN " +
        over +
        " THEN NULL ELSE lease_token END,"
        " lease_until = CASE WHEN " +
        over +
        " THEN NULL ELSE lease_until END,"
        " starts = CASE WHEN " +
        over +
        " THEN 0 ELSE starts END,"
        " status = CASE WHEN " +
        over +
        " THEN 'completed' ELSE status END"
        " WHERE id = $1 AND (delivery_status IS NULL OR delivery_status = ANY($3::text[])"
        "   OR status = 'failed')"
        "  AND NOT (status = 'pending' AND delivery_status IS NULL AND attempts = 0)";
    return pg.execute(sql.c_str(),
                      {id, report.status, steps_before(report.status), unless_empty(reason),
                       provider, unless_empty(report.message_id)})
               .affected() > 0;
}

void add_event(PgConnection& pg, const Queue& queue, const std::string& id,
               const std::string& provider, const std::string& status, const MessageReport& report,
               const std::string& reason) {
    constexpr const char* sql =
        "INSERT INTO message_events (queue, message_id, at, status, provider, provider_message_id,"
        "  reason)"
        " VALUES ($1, $2, COALESCE(least(to_timestamp($3::bigint / 1000.0), now()), now()), $4, $5,"
        "  $6, $7)";
    pg.execute(sql, {queue.name, id,
                     report.at_ms > 0 ? PgParameter(std::to_string(report.at_ms)) : PgParameter(),
                     status, provider, unless_empty(report.message_id), unless_empty(reason)});
}

// Whether the address was not on the list before.
bool suppress(PgConnection& pg, const Queue& queue, const std::string& provider,
              const MessageReport& report, const std::string& reason) {
    constexpr const char* sql =
        "INSERT INTO suppressions (channel, address, reason, provider, detail)"
        " VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    return pg.execute(sql, {queue.name, storable_text(report.address), report.suppress, provider,
                            unless_empty(reason)})
               .affected() > 0;
}

}  // namespace

EventResult apply_report(const EffectContext& context, const WebhookEvent& event,
                         EventEffect& effect) {
    const auto& report = event.report;
    if (report.status.empty() && report.suppress.empty()) {
        return {Outcome::ignored, event.reason};
    }
    const auto& queue = event.kind == EventKind::email_report ? email_queue : sms_queue;
    const auto id = find_row(context.pg, queue, context.provider, report);
    if (id.empty() && context.attempts < attempts_for_row) {
        throw RetryLater("no message of ours has this id yet", wait_for_row);
    }
    const auto reason = storable_text(event.error, reason_bytes_max);
    const bool suppressed =
        !report.suppress.empty() && suppress(context.pg, queue, context.provider, report, reason);
    if (suppressed) {
        effect.effect = "suppressed";
    }
    if (id.empty()) {
        return {suppressed ? Outcome::applied : Outcome::ignored, "no message of ours has this id"};
    }
    if (report.status.empty()) {
        add_event(context.pg, queue, id, context.provider,
                  report.suppress == "spam" ? "spam" : "unsubscribed", report, reason);
        return {Outcome::applied, {}};
    }
    if (is_outdated(context.pg, queue, id, report)) {
        add_event(context.pg, queue, id, context.provider, report.status, report, reason);
        return {Outcome::applied, "the message was replayed since"};
    }
    if (move_forward(context.pg, queue, id, context.provider, report, reason)) {
        add_event(context.pg, queue, id, context.provider, report.status, report, reason);
        effect.effect = report.status;
        return {Outcome::applied, {}};
    }
    return suppressed ? EventResult{Outcome::applied, {}}
                      : EventResult{Outcome::no_change, "the message is as far, or further"};
}

}  // namespace coupon
