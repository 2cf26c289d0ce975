#include "core/base64.hpp"

#include <array>
#include <cstdint>

namespace coupon {

namespace {

constexpr std::string_view kStandard =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrlSafe =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The values of an alphabet's characters; 255 for all others.
using Values = std::array<uint8_t, 256>;

constexpr uint8_t kForeign = 255;

constexpr Values values_of(std::string_view alphabet) {
    Values values{};
    values.fill(kForeign);
    for (size_t at = 0; at < alphabet.size(); ++at)
        values[static_cast<unsigned char>(alphabet[at])] = static_cast<uint8_t>(at);
    return values;
}

constexpr Values kStandardValues = values_of(kStandard);
constexpr Values kUrlSafeValues = values_of(kUrlSafe);

std::string encode(std::string_view bytes, std::string_view alphabet) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    uint32_t held = 0;
    unsigned held_bits = 0;
    for (char c : bytes) {
        held = held << 8 | static_cast<unsigned char>(c);
        held_bits += 8;
        while (held_bits >= 6) {
            held_bits -= 6;
            text += alphabet[held >> held_bits & 63];
        }
    }
    if (held_bits > 0)
        text += alphabet[held << (6 - held_bits) & 63];
    return text;
}

std::optional<std::string> decode(std::string_view text, const Values& values) {
    if (text.size() % 4 == 1)
        return std::nullopt;
    std::string bytes;
    bytes.reserve(text.size() / 4 * 3 + 2);
    uint32_t held = 0;
    unsigned held_bits = 0;
    for (char c : text) {
        uint8_t value = values[static_cast<unsigned char>(c)];
        if (value == kForeign)
            return std::nullopt;
        held = held << 6 | value;
        held_bits += 6;
        if (held_bits >= 8) {
            held_bits -= 8;
            bytes += static_cast<char>(held >> held_bits & 0xff);
        }
    }
    if ((held & ((1u << held_bits) - 1)) != 0)
        return std::nullopt;
    return bytes;
}

}  // namespace

char* write_base64(char* out, std::string_view bytes) noexcept {
    auto from = reinterpret_cast<const unsigned char*>(bytes.data());
    size_t left = bytes.size();
    for (; left >= 3; left -= 3, from += 3) {
        uint32_t three = uint32_t{from[0]} << 16 | uint32_t{from[1]} << 8 | from[2];
        *out++ = kStandard[three >> 18];
        *out++ = kStandard[three >> 12 & 63];
        *out++ = kStandard[three >> 6 & 63];
        *out++ = kStandard[three & 63];
    }
    if (left > 0) {
        uint32_t rest = uint32_t{from[0]} << 16 | (left > 1 ? uint32_t{from[1]} << 8 : 0);
        *out++ = kStandard[rest >> 18];
        *out++ = kStandard[rest >> 12 & 63];
        *out++ = left > 1 ? kStandard[rest >> 6 & 63] : '=';
        *out++ = '=';
    }
    return out;
}

std::string base64_encode(std::string_view bytes) {
    std::string text(base64_bytes(bytes.size()), '\0');
    write_base64(text.data(), bytes);
    return text;
}

std::string base64url_encode(std::string_view bytes) {
    return encode(bytes, kUrlSafe);
}

std::optional<std::string> base64_decode(std::string_view text) {
    if (text.size() % 4 != 0)
        return std::nullopt;
    if (text.ends_with("==")) {
        text.remove_suffix(2);
    } else if (text.ends_with('=')) {
        text.remove_suffix(1);
    }
    return decode(text, kStandardValues);
}

std::optional<std::string> base64url_decode(std::string_view text) {
    return decode(text, kUrlSafeValues);
}

}  // namespace coupon
