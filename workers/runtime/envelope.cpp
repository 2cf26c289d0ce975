#include "runtime/envelope.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/json_text.hpp"
#include "core/uuid.hpp"
#include "runtime/envelope_reader.hpp"
#include "runtime/journal_place.hpp"
#include "runtime/time_text.hpp"

namespace coupon {
namespace {

using nlohmann::json;

constexpr std::size_t entry_bytes_max = 1 << 20;
constexpr std::size_t id_bytes_max = 256;
constexpr std::size_t type_bytes_max = 100;
constexpr std::size_t recipient_bytes_max = 1024;
constexpr std::size_t key_bytes_max = 1024;
// Beyond what any worker tries.
constexpr std::int64_t attempts_most = 1000;

// A text, or a whole number as its digits; empty for null and "". Nothing for anything else.
std::optional<std::string> as_text(const json& value) {
    if (value.is_null()) {
        return "";
    }
    if (value.is_string()) {
        return value.get<std::string>();
    }
    if (value.is_number_integer()) {
        return value.dump();
    }
    return std::nullopt;
}

bool is_blank(std::string_view text) {
    return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

// Takes the members over, each by a rule of its own; the first that breaks one is the error.
class EnvelopeFiller {
  public:
    EnvelopeFiller(const EnvelopeReader& reader, Envelope& envelope)
        : reader_(reader), envelope_(envelope) {}

    void fill(bool has_recipient) {
        if (auto id = text(EnvelopeMember::id, "an id", id_bytes_max); !id.empty()) {
            envelope_.id = std::move(id);
        }
        envelope_.type = text(EnvelopeMember::type, "a type", type_bytes_max);
        if (is_blank(envelope_.type)) {
            refuse("has no type");
        }
        if (has_recipient) {
            envelope_.to = text(EnvelopeMember::to, "a recipient", recipient_bytes_max);
            if (is_blank(envelope_.to)) {
                refuse("has no recipient (\"to\")");
            }
        }
        auto key = text(EnvelopeMember::idempotency_key, "an idempotency key", key_bytes_max);
        if (!key.empty()) {
            envelope_.idempotency_key = std::move(key);
        }
        const auto correlation = as_text(reader_.value(EnvelopeMember::correlation_id));
        envelope_.correlation_id = utf8_prefix(correlation.value_or(""), id_bytes_max);
        if (const auto& attempts = reader_.value(EnvelopeMember::attempts);
            attempts.is_number_integer()) {
            envelope_.attempts = static_cast<int>(
                std::clamp<std::int64_t>(attempts.get<std::int64_t>(), 0, attempts_most));
        }
        envelope_.enqueued_ms = parse_time_ms(reader_.value(EnvelopeMember::enqueued_at));
        const auto& scheduled = reader_.value(EnvelopeMember::scheduled_at);
        envelope_.scheduled_ms = parse_time_ms(scheduled);
        // Sent at once it would be wrong; when it was asked for later.
        if (!envelope_.scheduled_ms && !scheduled.is_null()) {
            refuse("has a scheduled_at that is no time");
        }
        envelope_.data = reader_.data().empty() ? "{}" : reader_.data();
        if (has_recipient && envelope_.data.size() > message_data_bytes_max) {
            refuse("has data of more than 64 KiB");
        }
    }

  private:
    std::string text(EnvelopeMember member, const std::string& what, std::size_t bytes_max) {
        auto text = as_text(reader_.value(member));
        if (!text) {
            refuse("has " + what + " that is neither a text nor a whole number");
        } else if (text->size() > bytes_max) {
            refuse("has " + what + " of more than " + std::to_string(bytes_max) + " bytes");
        } else {
            return *std::move(text);
        }
        return {};
    }

    void refuse(const std::string& why) {
        if (envelope_.error.empty()) {
            envelope_.error = "the entry " + why;
        }
    }

    const EnvelopeReader& reader_;
    Envelope& envelope_;
};

}  // namespace

Envelope parse_envelope(std::string_view entry, bool has_recipient) {
    Envelope envelope;
    envelope.id = to_string(id_of_entry(std::nullopt, entry));
    envelope.data = "{}";
    if (entry.size() > entry_bytes_max) {
        envelope.error = "the entry has more than 1 MiB";
    } else {
        EnvelopeReader reader;
        json::sax_parse(entry.begin(), entry.end(), &reader);
        if (reader.error().empty()) {
            EnvelopeFiller(reader, envelope).fill(has_recipient);
        } else {
            envelope.error = "the entry " + reader.error();
        }
    }
    if (envelope.correlation_id.empty()) {
        envelope.correlation_id = envelope.id;
    }
    return envelope;
}

std::string envelope_uuid(std::string_view queue, std::string_view id) {
    if (const auto uuid = parse_uuid(id)) {
        return to_string(*uuid);
    }
    return to_string(id_of_entry(std::nullopt, std::string(queue).append("/").append(id)));
}

}  // namespace coupon
