// Decimal text of whole numbers, cheap enough for the request path.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/bytes.hpp"

namespace coupon {

inline constexpr size_t kDecimalMaxBytes = 20;

namespace detail {

inline constexpr std::array<char, 200> kDigitPairs = [] {
    std::array<char, 200> pairs{};
    for (size_t value = 0; value < 100; ++value) {
        pairs[2 * value] = static_cast<char>('0' + value / 10);
        pairs[2 * value + 1] = static_cast<char>('0' + value % 10);
    }
    return pairs;
}();

inline void put_two_digits(char* out, uint32_t value) noexcept {
    store(out, load<uint16_t>(&kDigitPairs[2 * value]));
}

inline char* put_four_digits(char* out, uint32_t value) noexcept {
    put_two_digits(out, value / 100);
    put_two_digits(out + 2, value % 100);
    return out + 4;
}

inline char* put_eight_digits(char* out, uint32_t value) noexcept {
    return put_four_digits(put_four_digits(out, value / 10000), value % 10000);
}

/// A value below 10^4 without leading zeros.
inline char* put_up_to_four_digits(char* out, uint32_t value) noexcept {
    if (value < 10) {
        *out = static_cast<char>('0' + value);
        return out + 1;
    }
    if (value >= 1000) {
        return put_four_digits(out, value);
    }
    if (value >= 100) {
        *out++ = static_cast<char>('0' + value / 100);
        value %= 100;
    }
    put_two_digits(out, value);
    return out + 2;
}

/// A value below 10^8 without leading zeros.
inline char* put_up_to_eight_digits(char* out, uint32_t value) noexcept {
    if (value < 10000) {
        return put_up_to_four_digits(out, value);
    }
    return put_four_digits(put_up_to_four_digits(out, value / 10000), value % 10000);
}

}  // namespace detail

/// Writes `value`; `out` must have room for kDecimalMaxBytes. Returns the end of the digits.
inline char* write_decimal(char* out, uint64_t value) noexcept {
    constexpr uint64_t kBlock = 100'000'000;
    if (value < kBlock) {
        return detail::put_up_to_eight_digits(out, static_cast<uint32_t>(value));
    }
    auto low = static_cast<uint32_t>(value % kBlock);
    value /= kBlock;
    if (value < kBlock) {
        out = detail::put_up_to_eight_digits(out, static_cast<uint32_t>(value));
    } else {
        out = detail::put_up_to_four_digits(out, static_cast<uint32_t>(value / kBlock));
        out = detail::put_eight_digits(out, static_cast<uint32_t>(value % kBlock));
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
