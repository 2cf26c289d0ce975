#include "messages/otp_expiry.hpp"

#include <charconv>

#include "runtime/environment.hpp"
#include "runtime/error.hpp"
#include "runtime/retry_policy.hpp"
#include "runtime/time_text.hpp"

namespace coupon {
namespace {

constexpr int default_s = 600;
constexpr int least_s = 30;
constexpr int most_s = 86'400;

}  // namespace

std::chrono::seconds configured_otp_validity() {
    const auto text = environment_value("OTP_VALID_SECONDS");
    if (!text) {
        return std::chrono::seconds(default_s);
    }
    int seconds = 0;
    const auto* end = text->data() + text->size();
    const auto [stopped, error] = std::from_chars(text->data(), end, seconds);
    if (error != std::errc() || stopped != end || seconds < least_s || seconds > most_s) {
        throw ConfigError("OTP_VALID_SECONDS: not a whole number of seconds from " +
                          std::to_string(least_s) + " to " + std::to_string(most_s));
    }
    return std::chrono::seconds(seconds);
}

std::int64_t otp_ends_ms(const Message& message, std::chrono::seconds validity) {
    const auto given = message.data.find("expires_at");
    if (given == message.data.end() || given->is_null()) {
        return message.created_ms + std::chrono::milliseconds(validity).count();
    }
    const auto ends = parse_time_ms(*given);
    if (!ends) {
        throw PermanentFailure(
            "data.expires_at is no time: give Unix seconds or ISO 8601 with a zone");
    }
    return *ends;
}

void refuse_expired_otp(const Message& message, std::chrono::seconds validity,
                        std::int64_t now_ms) {
    if (now_ms >= otp_ends_ms(message, validity)) {
        throw NotSent("expired", "the one-time password expired before it could be sent");
    }
}

}  // namespace coupon
