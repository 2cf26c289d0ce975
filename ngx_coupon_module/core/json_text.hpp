// The inside of a JSON string made from bytes that a stranger sent.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace coupon {

/// Room that append_json_string needs for `size` bytes.
constexpr size_t json_escaped_max(size_t size) noexcept {
    return size * 6;  // \u001f is the longest form
}

/// Writes `bytes` escaped, without the quotes, and returns the end. What is not UTF-8, and U+0000
/// (which PostgreSQL cannot store), becomes U+FFFD. `out` must have room for
/// json_escaped_max(bytes.size()).
char* append_json_string(char* out, std::string_view bytes) noexcept;

/// Makes a text storable in PostgreSQL, whose text holds no U+0000: each becomes U+FFFD.
void replace_nul(std::string& text);

/// The longest prefix of at most `max_bytes` that does not cut a UTF-8 character in two.
std::string_view utf8_prefix(std::string_view bytes, size_t max_bytes) noexcept;

}  // namespace coupon
