// A job as producers push it to queue:email, queue:sms or queue:cashback:
// {"id","type","to","idempotency_key"?,"attempts"?,"enqueued_at"?,"correlation_id"?,"scheduled_at"?,"data":{…}}
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace coupon {

// Of what a message says: it is parsed, and its values are looked for in texts, again and again.
inline constexpr std::size_t message_data_bytes_max = 64 << 10;

struct Envelope {
    std::string id;  // as given, a number or a text; where none is given, derived from the entry
    std::string type;
    std::string to;    // empty where the queue has no recipients
    std::string data;  // a JSON object, as text that PostgreSQL takes
    std::optional<std::string> idempotency_key;
    std::string correlation_id;  // where none is given, the id
    int attempts = 0;
    std::optional<std::int64_t> enqueued_ms, scheduled_ms;  // Unix time
    std::string error;  // not empty: why it cannot be understood; the rest is as far as it could be
};

// Nothing in the entry makes this throw. Times: Unix seconds, Unix milliseconds, or ISO 8601 with a
// zone ("2026-11-21T10:00:00+05:30", "…Z"; without a zone, UTC). `has_recipient`: "to" is required.
Envelope parse_envelope(std::string_view entry, bool has_recipient);

// The id of an entry as a uuid, for tables whose ids are uuids: itself where it is one, else
// derived from queue and id, always the same.
std::string envelope_uuid(std::string_view queue, std::string_view id);

}  // namespace coupon
