#include "webhooks/effects/order_steps.hpp"

#include <nlohmann/json.hpp>

#include "runtime/amount.hpp"

namespace coupon {
namespace {

constexpr const char* order_sql =
    "UPDATE orders SET status = $2, payment_status = $3, updated_at = now() WHERE id = $1::bigint";

constexpr const char* review_sql =
    "UPDATE orders SET status = $2, updated_at = now() WHERE id = $1::bigint";

constexpr const char* outbox_sql =
    "INSERT INTO outbox (kind, idempotency_key, order_id, data, correlation_id)"
    " VALUES ($1, $2, $3::bigint, $4::jsonb, $5) ON CONFLICT (idempotency_key) DO NOTHING";

constexpr const char* called_sql =
    "SELECT 1 FROM outbox WHERE order_id = $1::bigint AND kind = 'fulfill' LIMIT 1";

nlohmann::json facts(const OrderChange& change) {
    const auto& payment = change.payment;
    return {{"order_id", change.order.id},
            {"payment_id", payment.id},
            {"gateway", change.gateway},
            {"gateway_payment_id", payment.gateway_payment_id},
            {"amount", major_units(payment.paise)},
            {"currency", payment.currency}};
}

}  // namespace

void OrderSteps::attempt(const OrderChange& change, PaymentState state) {
    if (!moves_forward(change.order.payment_state, state)) {
        return;
    }
    if (updates_ == OrderUpdates::backend) {
        tell_back_end(change, state, {});
        return;
    }
    // One attempt's failure does not end the order: the customer may try again.
    set(change, change.order.status, state);
}

void OrderSteps::paid(const OrderChange& change) {
    if (updates_ == OrderUpdates::backend) {
        tell_back_end(change, PaymentState::success, {});
        return;
    }
    set(change, "processing", PaymentState::success);
    const auto id = std::to_string(change.order.id);
    pg_.execute(outbox_sql,
                {"fulfill", "fulfill:" + id, id, facts(change).dump(), change.correlation_id});
}

bool OrderSteps::is_unfulfilled(const OrderRow& order) {
    return updates_ == OrderUpdates::fulfill &&
           pg_.execute(called_sql, {std::to_string(order.id)}).rows() == 0;
}

void OrderSteps::paid_on_hold(const OrderChange& change, const std::string& why) {
    if (updates_ == OrderUpdates::backend) {
        tell_back_end(change, PaymentState::success, why);
        return;
    }
    set(change, "review", PaymentState::success);
}

void OrderSteps::review(const OrderChange& change, const std::string& why) {
    if (updates_ == OrderUpdates::backend) {
        tell_back_end(change, change.payment.state, why);
        return;
    }
    pg_.execute(review_sql, {std::to_string(change.order.id), "review"});
}

void OrderSteps::refunded(const OrderChange& change) {
    if (updates_ == OrderUpdates::backend) {
        tell_back_end(change, PaymentState::refunded, {});
        return;
    }
    set(change, "refunded", PaymentState::refunded);
}

void OrderSteps::set(const OrderChange& change, const std::string& status, PaymentState state) {
    pg_.execute(order_sql, {std::to_string(change.order.id), status,
                            std::string(order_payment_status(state))});
}

void OrderSteps::tell_back_end(const OrderChange& change, PaymentState state,
                               const std::string& review) {
    auto data = facts(change);
    data["state"] = payment_state_name(state);
    data["payment_status"] = order_payment_status(state);
    auto key = "update-payment:" + std::to_string(change.payment.id) + ":";
    if (review.empty()) {
        key += payment_state_name(state);
    } else {
        data["review"] = review;
        key += "review:" + change.event_key;
    }
    pg_.execute(outbox_sql, {"update-payment", key, std::to_string(change.order.id), data.dump(),
                             change.correlation_id});
}

}  // namespace coupon
