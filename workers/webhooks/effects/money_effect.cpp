#include "webhooks/effects/money_effect.hpp"

#include <algorithm>

namespace coupon {
namespace {

constexpr const char* refunds_sql =
    "SELECT COALESCE((sum(amount) * 100)::bigint, 0) FROM webhook_events"
    " WHERE payment_id = $1::bigint AND effect = 'refund'"
    " AND (gateway_payment_id IS NULL OR $2 = '' OR gateway_payment_id = $2)";

constexpr std::chrono::seconds first_wait{2};
constexpr std::chrono::seconds longest_wait{6 * 3600};

}  // namespace

std::int64_t refunded_paise(PgConnection& pg, std::int64_t payment_id,
                            const std::string& gateway_payment_id) {
    return pg.execute(refunds_sql, {std::to_string(payment_id), gateway_payment_id}).number(0, 0);
}

OrderChange order_change(const EffectContext& context, const WebhookEvent& event,
                         const PaymentRow& payment, const OrderRow& order) {
    return {payment, order, context.provider, event.key, context.correlation_id};
}

EventResult put_to_review(const EffectContext& context, const WebhookEvent& event,
                          const PaymentRow& payment, const std::optional<OrderRow>& order,
                          const std::string& why, EventEffect& effect) {
    effect = {"review", payment.id};
    if (order) {
        OrderSteps(context.pg, context.updates)
            .review(order_change(context, event, payment, *order), why);
    }
    context.alerts.raise(
        "an order needs a review",
        order ? "order " + std::to_string(order->id) : "payment " + std::to_string(payment.id),
        why);
    return {Outcome::review, why};
}

void throw_payment_unknown(int attempts) {
    const auto wait = first_wait * (std::int64_t{1} << std::min(attempts, 20));
    throw RetryLater("no payment of ours has this order id yet", std::min(wait, longest_wait));
}

}  // namespace coupon
