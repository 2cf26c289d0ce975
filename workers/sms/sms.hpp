// A text message that keeps all rules and only needs a provider.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sms/sms_template.hpp"

namespace coupon {

struct Sms {
    const SmsTemplate* known = nullptr;  // outlives it
    std::string number;                  // E.164
    std::vector<std::string> values;     // of known->variables, in their order
    bool whatsapp = false;
    std::int64_t created_ms = 0;                    // Unix time
    std::optional<std::chrono::milliseconds> left;  // of a one-time password's validity
};

}  // namespace coupon
