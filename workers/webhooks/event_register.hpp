// webhook_events: the row that makes an event's second delivery a no-op.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "runtime/pg_connection.hpp"
#include "webhooks/events/event.hpp"

namespace coupon {

enum class Registration : std::uint8_t {
    fresh,     // ours to act on, in this transaction
    repeated,  // the same event was acted on before
    conflict,  // the same key with other facts
};

// What an effect leaves behind in the event's row.
struct EventEffect {
    std::string effect = "none";  // authorized, success, failed, refund, review, …
    std::optional<std::int64_t> payment_id;
};

// Whether its key is there, without a lock: saves asking a provider about what is known.
bool is_registered(PgConnection& pg, const std::string& provider, const WebhookEvent& event);

// Inside the effect's transaction; a second worker with the same event waits here for the first.
Registration register_event(PgConnection& pg, const std::string& provider,
                            const WebhookEvent& event, const std::string& log_id);

void record_effect(PgConnection& pg, const std::string& provider, const WebhookEvent& event,
                   const EventEffect& effect);

}  // namespace coupon
