#include "webhooks/confirmations.hpp"

namespace coupon {
namespace {

// The codes of all items in one list, each an object, whether the back end wrote a text or an
// object; what may be missing is left out.
constexpr const char* email_sql =
    "INSERT INTO email_queue (type, \"to\", data, idempotency_key, correlation_id)"
    " SELECT 'order_confirmation', delivery_email::text,"
    "  jsonb_build_object('order_id', id, 'order_number', order_number, 'total_amount',"
    "   total_amount::text, 'currency', currency::text) || jsonb_strip_nulls(jsonb_build_object("
    "   'name', (SELECT NULLIF(full_name::text, '') FROM users WHERE users.id = orders.user_id),"
    "   'vouchers', (SELECT jsonb_agg(jsonb_build_object('product', products.name)"
    "      || CASE jsonb_typeof(code) WHEN 'object' THEN code"
    "         ELSE jsonb_build_object('code', code) END ORDER BY items.id, place)"
    "     FROM order_items items LEFT JOIN products ON products.id = items.product_id"
    "     CROSS JOIN LATERAL to_jsonb(items.voucher_codes) AS codes"
    "     CROSS JOIN LATERAL jsonb_array_elements(CASE jsonb_typeof(codes) WHEN 'array'"
    "      THEN codes ELSE jsonb_build_array(codes) END) WITH ORDINALITY AS each (code, place)"
    "     WHERE items.order_id = orders.id AND jsonb_typeof(code) <> 'null'))),"
    "  'order_confirmation:' || delivery_email::text || ':' || id, $2"
    " FROM orders WHERE id = $1::bigint AND COALESCE(delivery_email::text, '') <> ''"
    " ON CONFLICT DO NOTHING";

constexpr const char* sms_sql =
    "INSERT INTO sms_queue (type, \"to\", data, idempotency_key, correlation_id)"
    " SELECT 'order_confirmation', delivery_mobile::text,"
    "  jsonb_build_object('order_id', id, 'order_number', order_number, 'total_amount',"
    "   total_amount::text, 'currency', currency::text),"
    "  'order_confirmation:' || delivery_mobile::text || ':' || id, $2"
    " FROM orders WHERE id = $1::bigint AND COALESCE(delivery_mobile::text, '') <> ''"
    " ON CONFLICT DO NOTHING";

}  // namespace

std::string queue_confirmations(PgConnection& pg, const std::string& order_id,
                                const std::string& correlation_id) {
    std::string refusals;
    for (const char* sql : {email_sql, sms_sql}) {
        pg.execute("SAVEPOINT confirmation");
        try {
            pg.execute(sql, {order_id, correlation_id});
        } catch (const PgError& error) {
            if (error.is_temporary()) {
                throw;
            }
            pg.execute("ROLLBACK TO SAVEPOINT confirmation");
            refusals += (refusals.empty() ? "" : "; ") + std::string(error.what()) + " [" +
                        error.sqlstate() + "]";
        }
    }
    return refusals;
}

}  // namespace coupon
