// Base64 (RFC 4648).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace coupon {

constexpr size_t base64_bytes(size_t size) noexcept {
    return (size + 2) / 3 * 4;
}

/// Standard alphabet, padded. `out` must have room for base64_bytes(bytes.size()); returns the end.
char* write_base64(char* out, std::string_view bytes) noexcept;

/// The same as a text.
std::string base64_encode(std::string_view bytes);

/// URL-safe alphabet, no padding.
std::string base64url_encode(std::string_view bytes);

/// Standard alphabet with its padding; nothing for anything else, non-zero left-over bits included.
std::optional<std::string> base64_decode(std::string_view text);

/// URL-safe alphabet, no padding; equally strict.
std::optional<std::string> base64url_decode(std::string_view text);

}  // namespace coupon
