// Percent-encoding of values put into a URL (RFC 3986): everything but unreserved characters, so
// that the result stands safely in a path, a query or a fragment.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace coupon {

constexpr size_t percent_encoded_max(size_t size) noexcept {
    return size * 3;
}

/// `out` must have room for percent_encoded_max(bytes.size()). Returns the end of what was written.
char* percent_encode(char* out, std::string_view bytes) noexcept;

std::string percent_encoded(std::string_view bytes);

}  // namespace coupon
