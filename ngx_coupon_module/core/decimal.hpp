// Decimal text of whole numbers, cheap enough for the request path.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/bytes.hpp"

namespace coupon {

/// What write_decimal may touch beyond `out`, digits and scratch together.
inline constexpr size_t kDecimalRoomBytes = 24;

namespace detail {

/// Eight ASCII digits of a value below 10^8, most significant first in memory.
inline uint64_t eight_digits(uint32_t value) noexcept {
    uint64_t fours = value / 10000 | static_cast<uint64_t>(value % 10000) << 32;
    uint64_t tens = ((fours * 10486) >> 20) & 0x0000007f0000007f;
    uint64_t twos = tens | (fours - tens * 100) << 16;
    tens = ((twos * 103) >> 10) & 0x000f000f000f000f;
    return tens | (twos - tens * 10) << 8;
}

inline char* put_leading_digits(char* out, uint32_t value) noexcept {
    uint64_t digits = eight_digits(value);
    // The lowest digit is kept even when it is a zero, so that 0 prints as "0".
    int skipped = std::countr_zero(digits | uint64_t{1} << 56) / 8;
    store(out, (digits | 0x3030303030303030) >> (skipped * 8));
    return out + 8 - skipped;
}

inline char* put_eight_digits(char* out, uint32_t value) noexcept {
    store(out, eight_digits(value) | 0x3030303030303030);
    return out + 8;
}

}  // namespace detail

/// Writes `value`; `out` must have room for kDecimalRoomBytes. Returns the end of the digits.
inline char* write_decimal(char* out, uint64_t value) noexcept {
    constexpr uint64_t kBlock = 100'000'000;
    if (value < kBlock)
        return detail::put_leading_digits(out, static_cast<uint32_t>(value));
    uint64_t high = value / kBlock;
    auto low = static_cast<uint32_t>(value % kBlock);
    if (high < kBlock) {
        out = detail::put_leading_digits(out, static_cast<uint32_t>(high));
    } else {
        out = detail::put_leading_digits(out, static_cast<uint32_t>(high / kBlock));
        out = detail::put_eight_digits(out, static_cast<uint32_t>(high % kBlock));
    }
    return detail::put_eight_digits(out, low);
}

/// As above for signed values; one byte more for the sign.
inline char* write_decimal_signed(char* out, int64_t value) noexcept {
    if (value >= 0)
        return write_decimal(out, static_cast<uint64_t>(value));
    *out++ = '-';
    return write_decimal(out, ~static_cast<uint64_t>(value) + 1);
}

/// 1…2^63-1 in digits only, without leading zeros; anything else is nothing.
inline std::optional<int64_t> parse_positive(std::string_view text) noexcept {
    if (text.empty() || text.size() > 19 || text[0] == '0')
        return std::nullopt;
    uint64_t value = 0;
    for (char c : text) {
        unsigned digit = static_cast<unsigned char>(c) - unsigned{'0'};
        if (digit > 9)
            return std::nullopt;
        value = value * 10 + digit;
    }
    if (value > INT64_MAX)
        return std::nullopt;
    return static_cast<int64_t>(value);
}

}  // namespace coupon
