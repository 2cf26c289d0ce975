#include "couponctl/privacy/person.hpp"

#include "runtime/error.hpp"
#include "runtime/storable_text.hpp"

namespace coupon {
namespace {

constexpr const char* find_sql =
    "SELECT id FROM users WHERE ($1 ~ '^[0-9]{1,18}$' AND id = left($1, 18)::bigint)"
    " OR ($1 LIKE '%@%' AND lower(email::text) = lower($1))"
    " OR ($1 LIKE '+%' AND coupon_phone_digits(mobile::text) = coupon_phone_digits($1))"
    " ORDER BY id LIMIT 2";

}  // namespace

const char* const user_email_sql =
    "SELECT lower(btrim(email::text)) FROM users WHERE id = $1::bigint AND btrim(email::text) <> ''";
const char* const user_phone_sql =
    "SELECT coupon_phone_digits(mobile::text) FROM users WHERE id = $1::bigint"
    " AND length(coupon_phone_digits(mobile::text)) >= 7";

const char* const webhook_of_user_sql =
    "id IN (SELECT e.log_id FROM webhook_events e JOIN payments p ON p.id = e.payment_id"
    " JOIN orders o ON o.id = p.order_id WHERE o.user_id = $1::bigint AND e.log_id IS NOT NULL)";

const char* const audit_of_user_sql =
    "((a.entity::text = 'users' AND a.entity_id::text = $1::text)"
    " OR a.details ->> 'user_id' = $1::text OR a.details ->> 'user' = $1::text"
    " OR lower(a.details ->> 'address') IN (SELECT lower(btrim(email::text)) FROM users"
    "  WHERE id = $1::bigint UNION SELECT mobile::text FROM users WHERE id = $1::bigint))";

std::string find_user(PgConnection& pg, const std::string& who) {
    const auto rows = pg.execute(find_sql, {who});
    if (rows.rows() == 0) {
        throw CommandError("privacy: there is no user with the id, e-mail address or number " +
                           storable_text(who) + "; give a number with its +91");
    }
    if (rows.rows() > 1) {
        throw CommandError("privacy: several users have the number or address " +
                           storable_text(who) + "; name one by its id");
    }
    return std::string(rows.text(0, 0));
}

// Each arm is an index's: that over recipients, and the unique one over the keys' digests.
std::string message_of_user_sql(const std::string& table) {
    const bool email = table == "email_queue";
    const std::string recipient = email ? "lower(m.\"to\"::text)" : "coupon_phone_digits(m.\"to\"::text)";
    return "id IN (SELECT m.id FROM " + table + " m WHERE m.\"to\"::text NOT LIKE 'gone:%' AND " +
           recipient + " = ANY (ARRAY(" + (email ? user_email_sql : user_phone_sql) +
           ")) UNION ALL SELECT m.id FROM " + table +
           " m WHERE m.idempotency_key IS NOT NULL AND coupon_key_digest(m.idempotency_key::text) = ANY"
           " (ARRAY(SELECT coupon_key_digest(type || ':' || " +
           (email ? "o.delivery_email" : "o.delivery_mobile") +
           "::text || ':' || o.id) FROM orders o CROSS JOIN unnest(ARRAY['order_confirmation',"
           "  'order_failed', 'voucher']) AS type WHERE o.user_id = $1::bigint)))";
}

}  // namespace coupon
