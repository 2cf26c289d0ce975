// The payment and the order that an event is about, locked in this order for the transaction's
// rest.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "runtime/pg_connection.hpp"
#include "webhooks/events/event.hpp"
#include "webhooks/payment_state.hpp"

namespace coupon {

struct PaymentRow {
    std::int64_t id = 0;
    std::optional<std::int64_t> order_id;
    std::string gateway_payment_id;
    std::int64_t paise = 0;
    std::string currency;
    PaymentState state = PaymentState::created;
};

struct OrderRow {
    std::int64_t id = 0;
    std::string status;
    PaymentState payment_state = PaymentState::created;
    std::int64_t due_paise = 0;  // total less what the wallet paid: what the gateway charges
    std::string currency;
};

// By the gateway's order id, or where the event has none by the gateway's payment id. Where several
// rows share an order id, the one that has the payment id already, else the oldest. Nothing where
// there is none. Throws PermanentFailure for a status that is none of ours.
std::optional<PaymentRow> lock_payment(PgConnection& pg, const std::string& gateway,
                                       const WebhookEvent& event);

// Nothing where the payment is no order's.
std::optional<OrderRow> lock_order(PgConnection& pg, const PaymentRow& payment);

// Moves the row; its payment id is set where `gateway_payment_id` is not empty.
void move_payment(PgConnection& pg, const PaymentRow& payment, PaymentState state,
                  const std::string& gateway_payment_id, const std::string& error);

// Whether money came in for the same order by another row, and was not refunded.
bool has_other_success(PgConnection& pg, const PaymentRow& payment);

// The same, whether it was refunded or not.
bool was_paid_by_another(PgConnection& pg, const PaymentRow& payment);

}  // namespace coupon
