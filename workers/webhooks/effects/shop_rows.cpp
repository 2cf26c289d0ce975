#include "webhooks/effects/shop_rows.hpp"

#include "core/json_text.hpp"

namespace coupon {
namespace {

// Status columns may be enumerations of the back end's making: they are read as text, and written
// as parameters whose type PostgreSQL finds.
constexpr const char* by_order_sql =
    "SELECT id, order_id, COALESCE(gateway_payment_id, ''), (amount * 100)::bigint,"
    "  COALESCE(currency::text, ''), status::text"
    " FROM payments WHERE gateway = $1 AND gateway_order_id = $2"
    " ORDER BY (gateway_payment_id IS NOT DISTINCT FROM $3) DESC, id LIMIT 1 FOR UPDATE";

constexpr const char* by_payment_sql =
    "SELECT id, order_id, COALESCE(gateway_payment_id, ''), (amount * 100)::bigint,"
    "  COALESCE(currency::text, ''), status::text"
    " FROM payments WHERE gateway = $1 AND gateway_payment_id = $2"
    " ORDER BY id LIMIT 1 FOR UPDATE";

constexpr const char* order_sql =
    "SELECT id, status::text, payment_status::text,"
    "  ((total_amount - COALESCE(wallet_amount, 0)) * 100)::bigint, COALESCE(currency::text, '')"
    " FROM orders WHERE id = $1::bigint FOR UPDATE";

constexpr const char* move_sql =
    "UPDATE payments SET status = $2, gateway_payment_id = COALESCE($3, gateway_payment_id),"
    "  error_message = $4, updated_at = now() WHERE id = $1::bigint";

constexpr const char* other_success_sql =
    "SELECT 1 FROM payments WHERE order_id = $1::bigint AND id <> $2::bigint"
    " AND status::text = 'success' LIMIT 1";

constexpr const char* other_payment_sql =
    "SELECT 1 FROM payments WHERE order_id = $1::bigint AND id <> $2::bigint"
    " AND status::text IN ('success', 'refunded') LIMIT 1";

constexpr std::size_t error_bytes_max = 500;

}  // namespace

std::optional<PaymentRow> lock_payment(PgConnection& pg, const std::string& gateway,
                                       const WebhookEvent& event) {
    const auto found =
        event.gateway_order_id.empty()
            ? pg.execute(by_payment_sql, {gateway, event.gateway_payment_id})
            : pg.execute(by_order_sql, {gateway, event.gateway_order_id, event.gateway_payment_id});
    if (found.rows() == 0) {
        return std::nullopt;
    }
    PaymentRow row;
    row.id = found.number(0, 0);
    if (!found.is_null(0, 1)) {
        row.order_id = found.number(0, 1);
    }
    row.gateway_payment_id = found.text(0, 2);
    row.paise = found.number(0, 3);
    row.currency = found.text(0, 4);
    const auto state = parse_payment_state(found.text(0, 5));
    if (!state) {
        throw PermanentFailure("payment " + std::to_string(row.id) + " has the unknown status " +
                               std::string(found.text(0, 5)));
    }
    row.state = *state;
    return row;
}

std::optional<OrderRow> lock_order(PgConnection& pg, const PaymentRow& payment) {
    if (!payment.order_id) {
        return std::nullopt;
    }
    const auto found = pg.execute(order_sql, {std::to_string(*payment.order_id)});
    if (found.rows() == 0) {
        return std::nullopt;
    }
    OrderRow row;
    row.id = found.number(0, 0);
    row.status = found.text(0, 1);
    row.payment_state = parse_order_payment_status(found.text(0, 2));
    row.due_paise = found.number(0, 3);
    row.currency = found.text(0, 4);
    return row;
}

void move_payment(PgConnection& pg, const PaymentRow& payment, PaymentState state,
                  const std::string& gateway_payment_id, const std::string& error) {
    // The text of an error comes from a stranger; U+0000 would end it early.
    const std::string text(utf8_prefix(error.substr(0, error.find('\0')), error_bytes_max));
    pg.execute(move_sql,
               {std::to_string(payment.id), std::string(payment_state_name(state)),
                gateway_payment_id.empty() ? PgParameter() : PgParameter(gateway_payment_id),
                text.empty() ? PgParameter() : PgParameter(text)});
}

bool has_other_success(PgConnection& pg, const PaymentRow& payment) {
    return payment.order_id && pg.execute(other_success_sql, {std::to_string(*payment.order_id),
                                                              std::to_string(payment.id)})
                                       .rows() > 0;
}

bool was_paid_by_another(PgConnection& pg, const PaymentRow& payment) {
    return payment.order_id && pg.execute(other_payment_sql, {std::to_string(*payment.order_id),
                                                              std::to_string(payment.id)})
                                       .rows() > 0;
}

}  // namespace coupon
