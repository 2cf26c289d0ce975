// The signed string of `coupon_webhook hmac`: literal text and macros.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coupon {

struct SignedPart {
    enum class Kind : uint8_t { literal, body, path, query, header } kind{};
    std::string_view text;  // of a literal; a header's name
};

/// True for letters, digits, - and _.
bool is_header_name(std::string_view name) noexcept;

/// Views into `signed_string`. Nothing: `error` says why.
std::optional<std::vector<SignedPart>> parse_signed_string(std::string_view signed_string,
                                                           std::string& error);

}  // namespace coupon
