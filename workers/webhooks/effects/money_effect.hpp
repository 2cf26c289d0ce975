// What a payment's or a refund's event does, inside its transaction.
#pragma once

#include <cstdint>
#include <string>

#include "webhooks/alerts.hpp"
#include "webhooks/effects/order_steps.hpp"
#include "webhooks/event_register.hpp"
#include "webhooks/outcome.hpp"

namespace coupon {

struct EffectContext {
    PgConnection& pg;
    Alerts& alerts;
    OrderUpdates updates;
    std::string provider;  // also the gateway's name in `payments`
    std::string log_id;
    std::string correlation_id;
    int attempts = 0;  // earlier ones of this webhook
};

// Throws RetryLater when the payment is not there (yet): nothing was written then.
EventResult apply_payment(const EffectContext& context, const WebhookEvent& event,
                          EventEffect& effect);
EventResult apply_refund(const EffectContext& context, const WebhookEvent& event,
                         EventEffect& effect);

// What the processed refunds of a payment add up to.
std::int64_t refunded_paise(PgConnection& pg, std::int64_t payment_id,
                            const std::string& gateway_payment_id);

// Marks the order for review and says so aloud.
EventResult put_to_review(const EffectContext& context, const WebhookEvent& event,
                          const PaymentRow& payment, const std::optional<OrderRow>& order,
                          const std::string& why, EventEffect& effect);

OrderChange order_change(const EffectContext& context, const WebhookEvent& event,
                         const PaymentRow& payment, const OrderRow& order);

// The shop writes a payment before its gateway knows of it, so one that is missing is being
// committed this moment, or never will be: quick first, then slower, for a day and a half.
[[noreturn]] void throw_payment_unknown(int attempts);

}  // namespace coupon
