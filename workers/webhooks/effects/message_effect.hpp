// What does not touch money: delivery reports, postbacks, subscriptions.
#pragma once

#include "webhooks/effects/money_effect.hpp"

namespace coupon {

// Moves email_queue's or sms_queue's delivery_status forward. A report may be faster than the
// commit of who sent the message: the first attempts throw RetryLater when there is no such row.
EventResult apply_report(const EffectContext& context, const WebhookEvent& event,
                         EventEffect& effect);

// A cashback job: somebody has to ask the network.
EventResult apply_postback(const EffectContext& context, const WebhookEvent& event,
                           EventEffect& effect);

// An outbox row that confirms the subscription.
EventResult apply_subscription(const EffectContext& context, const WebhookEvent& event,
                               EventEffect& effect);

}  // namespace coupon
