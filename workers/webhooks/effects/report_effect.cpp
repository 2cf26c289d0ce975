#include <array>

#include "webhooks/effects/message_effect.hpp"

namespace coupon {
namespace {

// A later word replaces an earlier one, never the other way; an address may still bounce after its
// server took the message.
constexpr std::array<std::string_view, 6> steps{"queued",    "sent",   "deferred",
                                                "delivered", "failed", "bounced"};

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

// An own id that is no row's id, or no id at all, matches nothing.
constexpr const char* find_email_sql =
    "SELECT id FROM email_queue WHERE ($1 <> '' AND provider_message_id = $1)"
    " OR ($2 <> '' AND id::text = lower($2)) ORDER BY id LIMIT 1 FOR UPDATE";
constexpr const char* find_sms_sql =
    "SELECT id FROM sms_queue WHERE $1 <> '' AND provider_message_id = $1"
    " AND ($2 = '' OR regexp_replace(COALESCE(\"to\", ''), '[^0-9]', '', 'g') = $2)"
    " ORDER BY id LIMIT 1 FOR UPDATE";
// Ids are what the back end made them, integers or uuids: the parameter takes the column's type.
constexpr const char* move_email_sql =
    "UPDATE email_queue SET delivery_status = $2, last_error = COALESCE($4, last_error)"
    " WHERE id = $1 AND (delivery_status IS NULL OR delivery_status = ANY($3::text[]))";
constexpr const char* move_sms_sql =
    "UPDATE sms_queue SET delivery_status = $2, last_error = COALESCE($4, last_error)"
    " WHERE id = $1 AND (delivery_status IS NULL OR delivery_status = ANY($3::text[]))";

constexpr int attempts_for_row = 3;
constexpr std::chrono::seconds wait_for_row{5};

}  // namespace

EventResult apply_report(const EffectContext& context, const WebhookEvent& event,
                         EventEffect& effect) {
    const auto& report = event.report;
    if (report.status.empty()) {
        return {Outcome::ignored, event.reason};
    }
    const bool email = event.kind == EventKind::email_report;
    const auto found =
        context.pg.execute(email ? find_email_sql : find_sms_sql,
                           {report.message_id, email ? report.own_id : report.number});
    if (found.rows() == 0) {
        if (context.attempts < attempts_for_row) {
            throw RetryLater("no message of ours has this id yet", wait_for_row);
        }
        return {Outcome::ignored, "no message of ours has this id"};
    }
    const auto error = event.error.substr(0, event.error.find('\0'));
    const auto moved = context.pg.execute(
        email ? move_email_sql : move_sms_sql,
        {std::string(found.text(0, 0)), report.status, steps_before(report.status),
         error.empty() ? PgParameter() : PgParameter(error)});
    if (moved.affected() == 0) {
        return {Outcome::no_change, "the message is as far, or further"};
    }
    effect.effect = report.status;
    return {Outcome::applied, {}};
}

}  // namespace coupon
