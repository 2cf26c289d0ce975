#include "core/base64.hpp"

#include <cstdint>

namespace coupon {

namespace {

constexpr std::string_view kStandard =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrlSafe =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

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

std::optional<std::string> decode(std::string_view text, std::string_view alphabet) {
    if (text.size() % 4 == 1)
        return std::nullopt;
    std::string bytes;
    bytes.reserve(text.size() / 4 * 3 + 2);
    uint32_t held = 0;
    unsigned held_bits = 0;
    for (char c : text) {
        size_t value = alphabet.find(c);
        if (value == std::string_view::npos)
            return std::nullopt;
        held = held << 6 | static_cast<uint32_t>(value);
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

std::string base64_encode(std::string_view bytes) {
    std::string text = encode(bytes, kStandard);
    text.append((4 - text.size() % 4) % 4, '=');
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
    return decode(text, kStandard);
}

std::optional<std::string> base64url_decode(std::string_view text) {
    return decode(text, kUrlSafe);
}

}  // namespace coupon
