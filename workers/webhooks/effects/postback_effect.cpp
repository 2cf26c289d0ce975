#include <nlohmann/json.hpp>

#include "webhooks/effects/message_effect.hpp"

namespace coupon {
namespace {

constexpr const char* insert_sql =
    "INSERT INTO cashback_jobs (type, network, idempotency_key, data, correlation_id)"
    " VALUES ('postback', $1, $2, $3::jsonb, $4)"
    " ON CONFLICT (idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING";

}  // namespace

EventResult apply_postback(const EffectContext& context, const WebhookEvent& event,
                           EventEffect& effect) {
    auto data = nlohmann::json::object();
    for (const auto& [name, value] : event.fields) {
        data[name] = value;
    }
    data["webhook_log"] = context.log_id;
    context.pg.execute(insert_sql,
                       {context.provider, "postback:" + context.provider + ":" + event.key,
                        data.dump(), context.correlation_id});
    effect.effect = "cashback-job";
    return {Outcome::hint, "the network will be asked"};
}

}  // namespace coupon
