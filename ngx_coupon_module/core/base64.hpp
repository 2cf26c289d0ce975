// Base64 (RFC 4648).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace coupon {

/// Standard alphabet, padded.
std::string base64_encode(std::string_view bytes);

/// URL-safe alphabet, no padding.
std::string base64url_encode(std::string_view bytes);

/// Standard alphabet with its padding; nothing for anything else, non-zero left-over bits included.
std::optional<std::string> base64_decode(std::string_view text);

/// URL-safe alphabet, no padding; equally strict.
std::optional<std::string> base64url_decode(std::string_view text);

}  // namespace coupon
