// PhonePe's v1 callback carries its JSON as base64 in a JSON member; what is signed is that text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace coupon {

inline constexpr size_t kPhonepeBodyMaxBytes = 65536;

/// The text of the member `response`; nothing when the body is no such object.
std::optional<std::string> phonepe_v1_response(std::string_view body);

/// The JSON behind it; nothing when there is none, which no body-signed webhook lacks.
std::optional<std::string> phonepe_v1_payload(std::string_view body);

}  // namespace coupon
