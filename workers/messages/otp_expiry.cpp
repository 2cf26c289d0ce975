#include "messages/otp_expiry.hpp"

#include "runtime/number_setting.hpp"
#include "runtime/retry_policy.hpp"
#include "runtime/time_text.hpp"

namespace coupon {
namespace {

constexpr int default_s = 600;
constexpr int least_s = 30;
constexpr int most_s = 86'400;

}  // namespace

std::chrono::seconds configured_otp_validity() {
    return std::chrono::seconds(number_setting("OTP_VALID_SECONDS", default_s, least_s, most_s));
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
