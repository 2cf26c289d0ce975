#include "webhooks/event_register.hpp"

#include "core/hex.hpp"
#include "runtime/amount.hpp"

namespace coupon {
namespace {

constexpr const char* insert_sql =
    "INSERT INTO webhook_events (provider, key, digest, event, effect, log_id)"
    " VALUES ($1, coupon_event_key($1, $2), decode($3, 'hex'), $4, 'none', $5::uuid)"
    " ON CONFLICT (provider, key) DO NOTHING";

constexpr const char* same_digest_sql =
    "SELECT digest = decode($3, 'hex') FROM webhook_events WHERE provider = $1 AND key = coupon_event_key($1, $2)";

constexpr const char* known_sql = "SELECT 1 FROM webhook_events WHERE provider = $1 AND key = coupon_event_key($1, $2)";

constexpr const char* effect_sql =
    "UPDATE webhook_events SET effect = $3, payment_id = $4::bigint, amount = $5::numeric,"
    "  refund_id = $6, gateway_payment_id = $7"
    " WHERE provider = $1 AND key = coupon_event_key($1, $2)";

PgParameter unless_empty(const std::string& text) {
    return text.empty() ? PgParameter() : PgParameter(text);
}

}  // namespace

bool is_registered(PgConnection& pg, const std::string& provider, const WebhookEvent& event) {
    return pg.execute(known_sql, {provider, event.key}).rows() > 0;
}

Registration register_event(PgConnection& pg, const std::string& provider,
                            const WebhookEvent& event, const std::string& log_id) {
    const auto digest = hex_encode(event.digest);
    const auto inserted = pg.execute(insert_sql, {provider, event.key, digest, event.name, log_id});
    if (inserted.affected() > 0) {
        return Registration::fresh;
    }
    const auto known = pg.execute(same_digest_sql, {provider, event.key, digest});
    return known.rows() > 0 && known.text(0, 0) == "t" ? Registration::repeated
                                                       : Registration::conflict;
}

void record_effect(PgConnection& pg, const std::string& provider, const WebhookEvent& event,
                   const EventEffect& effect) {
    pg.execute(effect_sql,
               {provider, event.key, effect.effect,
                effect.payment_id ? PgParameter(std::to_string(*effect.payment_id)) : PgParameter(),
                event.paise ? PgParameter(major_units(*event.paise)) : PgParameter(),
                unless_empty(event.refund_id), unless_empty(event.gateway_payment_id)});
}

}  // namespace coupon
