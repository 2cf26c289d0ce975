// Processed refunds add up; only when they make the whole amount is the payment refunded.
#include "runtime/amount.hpp"
#include "webhooks/effects/money_effect.hpp"

namespace coupon {
namespace {

constexpr const char* counted_sql =
    "SELECT 1 FROM webhook_events WHERE provider = $1 AND refund_id = $2 AND effect = 'refund'";

// The whole amount came back: the payment, and the order unless another payment pays for it.
void settle(const EffectContext& context, const WebhookEvent& event, PaymentRow& payment) {
    move_payment(context.pg, payment, PaymentState::refunded, {}, {});
    payment.state = PaymentState::refunded;
    const auto order = lock_order(context.pg, payment);
    if (order && !has_other_success(context.pg, payment)) {
        OrderSteps(context.pg, context.updates)
            .refunded(order_change(context, event, payment, *order));
    }
}

EventResult count_refund(const EffectContext& context, const WebhookEvent& event,
                         PaymentRow& payment, EventEffect& effect) {
    effect.effect = "refund";
    record_effect(context.pg, context.provider, event, effect);
    const auto refunded = refunded_paise(context.pg, payment.id, payment.gateway_payment_id);
    const auto sum = "refunded " + major_units(refunded) + " of " + major_units(payment.paise) +
                     " " + payment.currency;
    if (refunded > payment.paise) {
        context.alerts.raise("refunds exceed their payment",
                             "payment " + std::to_string(payment.id), sum);
        return {Outcome::review, sum};
    }
    if (payment.state != PaymentState::success) {
        return {Outcome::applied,
                sum + ", which is " + std::string(payment_state_name(payment.state))};
    }
    if (refunded == payment.paise && refunded > 0) {
        settle(context, event, payment);
    }
    return {Outcome::applied, sum};
}

}  // namespace

EventResult apply_refund(const EffectContext& context, const WebhookEvent& event,
                         EventEffect& effect) {
    auto payment = lock_payment(context.pg, context.provider, event);
    if (!payment) {
        throw_payment_unknown(context.attempts);
    }
    effect.payment_id = payment->id;
    const bool counted =
        context.pg.execute(counted_sql, {context.provider, event.refund_id}).rows() > 0;
    if (event.refund == RefundState::failed && counted) {
        const std::string why = "a refund that was processed is said to have failed";
        context.alerts.raise("a refund needs a review", "payment " + std::to_string(payment->id),
                             why);
        return {Outcome::review, why};
    }
    if (event.refund != RefundState::processed) {
        return {Outcome::no_change, event.refund == RefundState::failed
                                        ? "the refund failed"
                                        : "the refund is not processed yet"};
    }
    if (counted) {
        return {Outcome::no_change, "the refund is counted already"};
    }
    if (event.currency != payment->currency) {
        return put_to_review(
            context, event, *payment, lock_order(context.pg, *payment),
            "a refund in " + event.currency + " of a payment in " + payment->currency, effect);
    }
    return count_refund(context, event, *payment, effect);
}

}  // namespace coupon
