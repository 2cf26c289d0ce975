// Any bytes as an entry of queue:email, queue:sms or queue:cashback: a job or a reason, never an
// exception; its data say what the entry says, and it reads back as the same job.
#include <nlohmann/json.hpp>

#include "check.hpp"
#include "core/uuid.hpp"
#include "operations/entry_time.hpp"
#include "runtime/envelope.hpp"
#include "runtime/exact_json.hpp"
#include "runtime/time_text.hpp"

namespace {

using nlohmann::json;

constexpr std::int64_t year_10000_ms = 253'402'300'800'000;

void check_time(const std::optional<std::int64_t>& ms) {
    if (ms) {
        check(*ms >= 0 && *ms < year_10000_ms);
        check(coupon::parse_time_ms(coupon::iso_time(*ms)) == ms);
    }
}

void check_job(const coupon::Envelope& job, std::string_view entry, bool has_recipient) {
    check(!job.type.empty() && job.type.size() <= 100);
    check(job.to.empty() != has_recipient && job.to.size() <= 1024);
    check(job.attempts >= 0 && job.attempts <= 1000);
    check(!job.idempotency_key || !job.idempotency_key->empty());

    const auto data = json::parse(job.data, nullptr, false);
    check(data.is_object() && !has_nul_escape(job.data));
    // Where no member comes twice, another reader of the whole entry finds the same data.
    const auto exact = coupon::read_exact_json(entry);
    const auto given = exact ? exact->value("data", json()) : json();
    if (given.is_object() && entry.find("u0000") == std::string_view::npos) {
        check(coupon::read_exact_json(job.data) == given);
    }

    json again{{"id", job.id}, {"type", job.type}, {"attempts", job.attempts},
               {"correlation_id", job.correlation_id}};
    if (has_recipient) {
        again["to"] = job.to;
    }
    if (job.idempotency_key) {
        again["idempotency_key"] = *job.idempotency_key;
    }
    if (job.enqueued_ms) {
        again["enqueued_at"] = coupon::iso_time(*job.enqueued_ms);
    }
    if (job.scheduled_ms) {
        again["scheduled_at"] = coupon::iso_time(*job.scheduled_ms);
    }
    auto text = again.dump();
    text.insert(text.size() - 1, ",\"data\":" + job.data);
    const auto second = coupon::parse_envelope(text, has_recipient);
    check(second.error.empty() && second.id == job.id && second.type == job.type &&
          second.to == job.to && second.data == job.data && second.attempts == job.attempts &&
          second.idempotency_key == job.idempotency_key &&
          second.correlation_id == job.correlation_id && second.enqueued_ms == job.enqueued_ms &&
          second.scheduled_ms == job.scheduled_ms);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    auto entry = text_of(data, size);
    const bool has_recipient = take_byte(entry) % 2 == 0;
    const auto job = coupon::parse_envelope(entry, has_recipient);
    for (const auto* text : {&job.id, &job.type, &job.to, &job.data, &job.correlation_id}) {
        check(is_storable(*text) && text->find('\0') == std::string::npos);
    }
    check(!job.idempotency_key || is_storable(*job.idempotency_key));
    check(!job.id.empty() && job.id.size() <= 256 && !job.correlation_id.empty());
    check(coupon::parse_uuid(coupon::envelope_uuid("email", job.id)).has_value());
    check_time(job.enqueued_ms);
    check_time(job.scheduled_ms);
    check_time(coupon::entry_ms(entry) < year_10000_ms ? coupon::entry_ms(entry) : std::nullopt);
    if (job.error.empty()) {
        check_job(job, entry, has_recipient);
    }
    return 0;
}
