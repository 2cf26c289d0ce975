// One-time passwords are sent while they are good, or not at all.
#pragma once

#include <chrono>
#include <cstdint>

#include "messages/message.hpp"

namespace coupon {

// OTP_VALID_SECONDS, or 600. Throws ConfigError unless it is a whole number from 30 to 86400.
std::chrono::seconds configured_otp_validity();

// When the message's password ends, in Unix ms: data.expires_at, else so long after it was made.
// Throws PermanentFailure where expires_at is no time.
std::int64_t otp_ends_ms(const Message& message, std::chrono::seconds validity);

// Throws NotSent("expired") where that is past, and PermanentFailure as above.
void refuse_expired_otp(const Message& message, std::chrono::seconds validity, std::int64_t now_ms);

}  // namespace coupon
