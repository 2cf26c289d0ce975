// Hexadecimal text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/bytes.hpp"

namespace coupon {

/// Lower-case digits of any bytes.
std::string hex_encode(std::string_view bytes);

/// Bytes of an even number of digits, any case; nothing when a character is no digit.
std::optional<std::string> hex_decode(std::string_view text);

namespace detail {

/// Sixteen digits, any case, as eight bytes in memory order. Returns false when one is no digit.
inline bool sixteen_digits_to_bytes(Bytes16 text, uint64_t& bytes) noexcept {
    Bytes16 digit = text - uint8_t{'0'};
    Bytes16 letter = (text | uint8_t{0x20}) - uint8_t{'a'};
    auto is_digit = reinterpret_cast<Bytes16>(digit <= uint8_t{9});
    auto is_letter = reinterpret_cast<Bytes16>(letter <= uint8_t{5});
    if (any_lane(~(is_digit | is_letter)))
        return false;
    Bytes16 nibbles = (is_digit & digit) | (is_letter & (letter + uint8_t{10}));
    using Words8 = uint16_t __attribute__((vector_size(16)));
    auto pairs = reinterpret_cast<Words8>(nibbles);
    auto joined = reinterpret_cast<Bytes16>((pairs << 4 | pairs >> 8) & uint16_t{0xff});
    Bytes16 packed = __builtin_shufflevector(joined, joined, 0, 2, 4, 6, 8, 10, 12, 14, 0, 2, 4, 6,
                                             8, 10, 12, 14);
    std::memcpy(&bytes, &packed, sizeof bytes);
    return true;
}

/// Eight bytes as sixteen lower-case digits.
inline Bytes16 bytes_to_sixteen_digits(uint64_t bytes) noexcept {
    using Words2 = uint64_t __attribute__((vector_size(16)));
    auto low = reinterpret_cast<Bytes16>(Words2{bytes & 0x0f0f0f0f0f0f0f0f, 0});
    auto high = reinterpret_cast<Bytes16>(Words2{bytes >> 4 & 0x0f0f0f0f0f0f0f0f, 0});
    Bytes16 nibbles =
        __builtin_shufflevector(high, low, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    auto above_nine = reinterpret_cast<Bytes16>(nibbles > uint8_t{9});
    return nibbles + uint8_t{'0'} + (above_nine & uint8_t{'a' - '0' - 10});
}

}  // namespace detail

}  // namespace coupon
