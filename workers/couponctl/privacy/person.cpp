#include "couponctl/privacy/person.hpp"

#include "runtime/environment.hpp"
#include "runtime/error.hpp"
#include "runtime/storable_text.hpp"

namespace coupon {
namespace {

// Digits alone, so that it may stand in a statement.
std::string country_code() {
    auto code = environment_value("SMS_COUNTRY_CODE").value_or("91");
    if (code.empty() || code.size() > 3 || code[0] == '0' ||
        code.find_first_not_of("0123456789") != std::string::npos) {
        throw ConfigError("SMS_COUNTRY_CODE: give one to three digits, like 91");
    }
    return code;
}

// A number's digits with its country's, which is ours where a number of up to ten digits names none.
std::string full_number(const std::string& text) {
    const auto digits = "ltrim(regexp_replace(" + text + ", '[^0-9]', '', 'g'), '0')";
    return "CASE WHEN ltrim(" + text + ") LIKE '+%' OR ltrim(" + text + ") LIKE '00%' OR length(" + digits +
           ") > 10 THEN " + digits + " ELSE '" + country_code() + "' || " + digits + " END";
}

std::string find_sql() {
    return "SELECT id FROM users WHERE ($1 ~ '^[0-9]{1,18}$' AND id = left($1, 18)::bigint)"
           " OR ($1 LIKE '%@%' AND lower(email::text) = lower($1))"
           " OR ($1 LIKE '+%' AND length(coupon_phone_digits($1)) >= 7"
           "  AND coupon_phone_digits(mobile::text) = coupon_phone_digits($1) AND " +
           full_number("mobile::text") + " = " + full_number("$1::text") + ") ORDER BY id LIMIT 2";
}

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
    const auto rows = pg.execute(find_sql().c_str(), {who});
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

std::string phone_of_user_sql(const std::string& text) {
    return "EXISTS (SELECT FROM users u WHERE u.id = $1::bigint AND length(coupon_phone_digits(u.mobile::text))"
           " >= 7 AND " + full_number("u.mobile::text") + " = " + full_number(text) + ")";
}

std::string marks_of_user_sql() {
    const auto full = full_number("number");
    return "SELECT DISTINCT mark FROM (SELECT user_id, unnest(ARRAY[p.gateway_order_id, p.gateway_payment_id])::text"
           "   AS mark FROM payments p JOIN orders o ON o.id = p.order_id"
           " UNION ALL SELECT user_id, unnest(ARRAY[lower(btrim(address)), replace(lower(btrim(address)), '@', '%40')])"
           "  FROM (SELECT id AS user_id, email::text AS address FROM users UNION ALL"
           "   SELECT user_id, delivery_email::text FROM orders) AS mail WHERE address LIKE '%_@_%'"
           " UNION ALL SELECT user_id, unnest(ARRAY[digits, '00' || digits] || CASE WHEN digits LIKE '" + country_code() +
           "%' THEN ARRAY[substr(digits, " + std::to_string(country_code().size() + 1) + "), '0' || substr(digits, " +
           std::to_string(country_code().size() + 1) + ")] END)"
           "  FROM (SELECT user_id, " + full + " AS digits FROM (SELECT id AS user_id, mobile::text AS number FROM users"
           "   UNION ALL SELECT user_id, delivery_mobile::text FROM orders) AS numbers"
           "   WHERE length(coupon_phone_digits(number)) >= 7) AS phone) AS marks"
           " WHERE user_id = $1::bigint AND length(mark) >= 6";
}

// The condition of the index over such rows goes before; of a text that is not ASCII, its bytes are compared.
std::string webhook_names_user_sql() {
    return "((a.status = 'completed' AND a.body IS NOT NULL AND encode(a.body, 'escape') ~* (SELECT"
           " '(^|[^a-z0-9_.-]|%[0-9a-f]{2})(' || string_agg(regexp_replace(encode(convert_to(mark, 'UTF8'), 'escape'),"
           " '([^A-Za-z0-9])', '\\\\\\1', 'g'), '|') || ')($|[^a-z0-9_.-]|[.-]($|[^a-z0-9]))' FROM (" +
           marks_of_user_sql() + ") AS marks)) OR a." + webhook_of_user_sql + ")";
}

// Each arm is an index's: that over recipients, and the unique one over the keys' digests.
std::string message_of_user_sql(const std::string& table) {
    const bool email = table == "email_queue";
    const std::string recipient = email ? "lower(m.\"to\"::text)" : "coupon_phone_digits(m.\"to\"::text)";
    return "id IN (SELECT m.id FROM " + table + " m WHERE m.\"to\"::text NOT LIKE 'gone:%' AND " +
           recipient + " = ANY (ARRAY(" + (email ? user_email_sql : user_phone_sql) + "))" +
           (email ? "" : " AND " + phone_of_user_sql("m.\"to\"::text")) + " UNION ALL SELECT m.id FROM " + table +
           " m WHERE m.idempotency_key IS NOT NULL AND coupon_key_digest(m.idempotency_key::text) = ANY"
           " (ARRAY(SELECT coupon_key_digest(type || ':' || " +
           (email ? "o.delivery_email" : "o.delivery_mobile") +
           "::text || ':' || o.id) FROM orders o CROSS JOIN unnest(ARRAY['order_confirmation',"
           "  'order_failed', 'voucher']) AS type WHERE o.user_id = $1::bigint)))";
}

}  // namespace coupon
