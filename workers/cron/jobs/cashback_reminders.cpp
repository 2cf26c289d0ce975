#include "cron/jobs/cashback_reminders.hpp"

#include "cron/jobs/batches.hpp"

namespace coupon {
namespace {

// One mail for a user and week, over all that is new to them in one currency; the rest's turn comes
// with the next one. The rows of cashback_reminders are what makes it once, in the mail's own
// transaction. Who has no address is not marked: there may be one later.
constexpr const char* remind_sql =
    "WITH waiting AS ("
    " SELECT e.id, e.user_id, e.cashback_amount, e.currency, e.merchant_id"
    " FROM cashback_events e JOIN users u ON u.id = e.user_id"
    " WHERE e.status = 'pending' AND e.created_at < now() - interval '30 days'"
    " AND e.cashback_amount > 0 AND u.email <> ''"
    " AND NOT EXISTS (SELECT FROM cashback_reminders r WHERE r.cashback_event_id = e.id)"
    " AND NOT EXISTS (SELECT FROM cashback_reminders r WHERE r.user_id = e.user_id"
    "  AND r.reminded_at > now() - interval '6 days')"
    " ORDER BY e.created_at LIMIT $2::bigint),"
    " chosen AS (SELECT DISTINCT ON (user_id) user_id, currency FROM waiting ORDER BY user_id, id),"
    " told AS ("
    " INSERT INTO cashback_reminders (cashback_event_id, user_id)"
    " SELECT w.id, w.user_id FROM waiting w JOIN chosen USING (user_id, currency)"
    " ON CONFLICT DO NOTHING RETURNING cashback_event_id, user_id),"
    " mails AS ("
    " SELECT t.user_id, min(t.cashback_event_id) AS event, sum(w.cashback_amount) AS amount,"
    "  min(w.currency) AS currency,"
    "  CASE WHEN count(DISTINCT w.merchant_id) = 1 THEN min(m.name) END AS merchant"
    " FROM told t JOIN waiting w ON w.id = t.cashback_event_id"
    " LEFT JOIN merchants m ON m.id = w.merchant_id GROUP BY t.user_id)"
    " INSERT INTO email_queue (type, \"to\", data, idempotency_key)"
    " SELECT 'cashback_pending', u.email, jsonb_strip_nulls(jsonb_build_object("
    "  'cashback_event_id', mails.event, 'amount', mails.amount::text, 'currency', mails.currency,"
    "  'name', u.full_name, 'merchant', mails.merchant)),"
    "  'cashback_pending:reminder:' || mails.user_id || ':' || mails.event || ':' || $1"
    " FROM mails JOIN users u ON u.id = mails.user_id"
    " ON CONFLICT DO NOTHING";

}  // namespace

CronJob cashback_reminders() {
    return {"cashback_reminders",
            "Write once to users whose cashback has been pending for more than 30 days",
            "weekly mon 10:00", [](CronRun& run) -> nlohmann::ordered_json {
                return {{"mails", repeat_batches(run, remind_sql, {std::to_string(run.due_s)})}};
            }};
}

}  // namespace coupon
