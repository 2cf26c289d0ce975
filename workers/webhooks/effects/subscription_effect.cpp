#include <nlohmann/json.hpp>

#include "webhooks/effects/message_effect.hpp"

namespace coupon {
namespace {

constexpr const char* insert_sql =
    "INSERT INTO outbox (kind, idempotency_key, data, correlation_id)"
    " VALUES ('confirm-subscription', $1, $2::jsonb, $3)"
    " ON CONFLICT (idempotency_key) DO NOTHING";

}  // namespace

EventResult apply_subscription(const EffectContext& context, const WebhookEvent& event,
                               EventEffect& effect) {
    auto data = nlohmann::json::object();
    for (const auto& [name, value] : event.fields) {
        data[name] = value;
    }
    context.pg.execute(insert_sql, {"confirm-" + event.key, data.dump(), context.correlation_id});
    effect.effect = "confirm-subscription";
    return {Outcome::applied, "the subscription will be confirmed"};
}

}  // namespace coupon
