// Authorized, captured, failed: the payment and its order go forward, or a human is called.
#include "runtime/amount.hpp"
#include "webhooks/effects/money_effect.hpp"

namespace coupon {
namespace {

constexpr const char* second_payment = "a second payment of the same order succeeded";

std::string money(std::int64_t paise, const std::string& currency) {
    return major_units(paise) + " " + currency;
}

// Why the money that came is not the money that was due; empty when it is.
std::string mismatch(const WebhookEvent& event, const PaymentRow& payment,
                     const std::optional<OrderRow>& order) {
    if (event.paise != payment.paise || event.currency != payment.currency) {
        return "paid " + money(event.paise.value_or(0), event.currency) + ", the payment is of " +
               money(payment.paise, payment.currency);
    }
    if (order && (order->due_paise != payment.paise || order->currency != payment.currency)) {
        return "the payment is of " + money(payment.paise, payment.currency) + ", due is " +
               money(order->due_paise, order->currency);
    }
    return {};
}

bool is_other_payment(const WebhookEvent& event, const PaymentRow& payment) {
    return !event.gateway_payment_id.empty() && !payment.gateway_payment_id.empty() &&
           event.gateway_payment_id != payment.gateway_payment_id;
}

// The status of an order from which fulfilment begins.
bool awaits_payment(const OrderRow& order) {
    return order.status == "pending" || order.status == "processing" || order.status == "failed";
}

class PaymentEffect {
  public:
    PaymentEffect(const EffectContext& context, const WebhookEvent& event, EventEffect& effect)
        : context_(context), event_(event), effect_(effect), steps_(context.pg, context.updates) {}

    EventResult apply() {
        const auto found = lock_payment(context_.pg, context_.provider, event_);
        if (!found) {
            throw_payment_unknown(context_.attempts);
        }
        payment_ = *found;
        order_ = lock_order(context_.pg, payment_);
        effect_.payment_id = payment_.id;
        if (event_.state == PaymentState::authorized || event_.state == PaymentState::success) {
            if (const auto why = mismatch(event_, payment_, order_); !why.empty()) {
                return review(why);
            }
        }
        return event_.state == PaymentState::success ? succeed() : attempt();
    }

  private:
    EventResult review(const std::string& why) {
        return put_to_review(context_, event_, payment_, order_, why, effect_);
    }

    EventResult attempt() {
        if (!moves_forward(payment_.state, event_.state)) {
            return {
                Outcome::no_change,
                "the payment is " + std::string(payment_state_name(payment_.state)) + " already"};
        }
        move(event_.state,
             event_.state == PaymentState::authorized ? event_.gateway_payment_id : std::string());
        if (order_) {
            steps_.attempt(change(), event_.state);
        }
        return {Outcome::applied, {}};
    }

    EventResult succeed() {
        if (!moves_forward(payment_.state, PaymentState::success)) {
            return is_other_payment(event_, payment_) ? review(second_payment) : succeed_again();
        }
        // Its own word is not enough: the back end may have taken the order as paid because of this
        // very payment.
        const bool order_paid = order_ && was_paid_by_another(context_.pg, payment_);
        move(PaymentState::success, event_.gateway_payment_id);
        if (order_paid) {
            return settle_second();
        }
        if (is_refunded()) {
            return settle_refunded();
        }
        return order_ ? settle_order() : EventResult{Outcome::applied, {}};
    }

    // The payment's state is known, maybe from somebody else: what was left open is done.
    EventResult succeed_again() {
        if (payment_.gateway_payment_id.empty() && !event_.gateway_payment_id.empty()) {
            move_payment(context_.pg, payment_, payment_.state, event_.gateway_payment_id, {});
            payment_.gateway_payment_id = event_.gateway_payment_id;
        }
        if (payment_.state == PaymentState::success && order_ && awaits_payment(*order_) &&
            event_.hold.empty() && !was_paid_by_another(context_.pg, payment_) &&
            steps_.is_unfulfilled(*order_)) {
            steps_.paid(change());
            return {Outcome::applied, "the payment is success already, its order is to be fulfilled"};
        }
        return {Outcome::no_change,
                "the payment is " + std::string(payment_state_name(payment_.state)) + " already"};
    }

    EventResult settle_second() {
        if (!is_refunded()) {
            return review(second_payment);
        }
        move(PaymentState::refunded, {});
        if (has_other_success(context_.pg, payment_)) {
            return review(second_payment);
        }
        // All that came in went back: the order ends as it does when the refunds come last.
        steps_.refunded(change());
        context_.alerts.raise("an order needs a review", "order " + std::to_string(order_->id),
                              second_payment);
        return {Outcome::review, second_payment};
    }

    // Its refund overtook it.
    bool is_refunded() {
        return payment_.paise > 0 && refunded_paise(context_.pg, payment_.id,
                                                    payment_.gateway_payment_id) == payment_.paise;
    }

    EventResult settle_refunded() {
        move(PaymentState::refunded, {});
        if (order_) {
            steps_.refunded(change());
        }
        return {Outcome::applied, "refunded in full before it was known as paid"};
    }

    EventResult settle_order() {
        if (order_->status == "fulfilled" && order_->payment_state == PaymentState::success) {
            return {Outcome::applied, "the order is fulfilled already"};
        }
        if (event_.hold.empty() && awaits_payment(*order_)) {
            steps_.paid(change());
            return {Outcome::applied, {}};
        }
        const auto why =
            event_.hold.empty() ? "paid while the order was " + order_->status : event_.hold;
        steps_.paid_on_hold(change(), why);
        context_.alerts.raise("an order needs a review", "order " + std::to_string(order_->id),
                              why);
        return {Outcome::review, why};
    }

    void move(PaymentState state, const std::string& gateway_payment_id) {
        move_payment(context_.pg, payment_, state, gateway_payment_id,
                     state == PaymentState::failed ? event_.error : std::string());
        payment_.state = state;
        if (!gateway_payment_id.empty()) {
            payment_.gateway_payment_id = gateway_payment_id;
        }
        effect_.effect = payment_state_name(state);
    }

    [[nodiscard]] OrderChange change() const {
        return order_change(context_, event_, payment_, *order_);
    }

    const EffectContext& context_;
    const WebhookEvent& event_;
    EventEffect& effect_;
    OrderSteps steps_;
    PaymentRow payment_;
    std::optional<OrderRow> order_;
};

}  // namespace

EventResult apply_payment(const EffectContext& context, const WebhookEvent& event,
                          EventEffect& effect) {
    return PaymentEffect(context, event, effect).apply();
}

}  // namespace coupon
