// Hexadecimal text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/lanes.hpp"

namespace coupon {

/// The value of one digit, any case; -1 when it is none.
constexpr int hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/// Lower-case digits of any bytes.
std::string hex_encode(std::string_view bytes);

/// Bytes of an even number of digits, any case; nothing when a character is no digit.
std::optional<std::string> hex_decode(std::string_view text);

namespace detail {

/// The values of sixteen digits, any case; lanes of `foreign` are set where one is no digit.
inline Bytes16 digit_values(Bytes16 text, Bytes16& foreign) noexcept {
    Bytes16 digit = text - uint8_t{'0'};
    Bytes16 letter = (text | uint8_t{0x20}) - uint8_t{'a'};
    Bytes16 is_digit = as_lanes(digit <= uint8_t{9});
    Bytes16 is_letter = as_lanes(letter <= uint8_t{5});
    foreign |= ~(is_digit | is_letter);
    return (is_digit & digit) | (is_letter & (letter + uint8_t{10}));
}

/// Two digits, the high one first in memory, as one byte in each word.
inline Words8 join_digits(Bytes16 values) noexcept {
    auto pairs = reinterpret_cast<Words8>(values);
    return (pairs << 4 | pairs >> 8) & uint16_t{0xff};
}

/// Thirty-two digits, any case, as sixteen bytes; false when one is no digit.
inline bool digits_to_bytes(Bytes16 first, Bytes16 second, Bytes16& bytes) noexcept {
    Bytes16 foreign{};
    Bytes16 high = digit_values(first, foreign);
    Bytes16 low = digit_values(second, foreign);
    bytes = pack_words(join_digits(high), join_digits(low));
    return !any_lane(foreign);
}

/// Eight bytes as sixteen lower-case digits.
inline Bytes16 bytes_to_digits(uint64_t bytes) noexcept {
    auto words = reinterpret_cast<Bytes16>(Words2{bytes, 0});
    // Each byte twice, as a word; then its high half in front and its low half behind.
    auto doubled = reinterpret_cast<Words8>(__builtin_shufflevector(
        words, words, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23));
    Bytes16 values =
        reinterpret_cast<Bytes16>((doubled >> 4 & uint16_t{0x000f}) | (doubled & uint16_t{0x0f00}));
    return values + uint8_t{'0'} +
           (as_lanes(values > uint8_t{9}) & static_cast<uint8_t>('a' - '0' - 10));
}

}  // namespace detail

}  // namespace coupon
