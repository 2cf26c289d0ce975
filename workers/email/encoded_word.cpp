#include "email/encoded_word.hpp"

#include <algorithm>

#include "core/base64.hpp"
#include "core/json_text.hpp"

namespace coupon {
namespace {

constexpr std::string_view word_begin = "=?UTF-8?B?";
constexpr std::string_view word_end = "?=";
// 75 characters, less the frame, hold 60 of base64, made of 45 bytes.
constexpr std::size_t word_bytes_max = 45;
static_assert(word_begin.size() + base64_bytes(word_bytes_max) + word_end.size() <= 75);

bool is_printable_ascii(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; });
}

}  // namespace

std::string header_text(std::string_view utf8) {
    // A text that looks like an encoded-word would be decoded as one.
    if (is_printable_ascii(utf8) && utf8.find("=?") == std::string_view::npos) {
        return std::string(utf8);
    }
    std::string words;
    while (!utf8.empty()) {
        const auto part = utf8_prefix(utf8, word_bytes_max);
        words += (words.empty() ? "" : " ") + std::string(word_begin) + base64_encode(part) +
                 std::string(word_end);
        utf8.remove_prefix(part.size());
    }
    return words;
}

std::string header_address(const MailAddress& address) {
    if (address.name.empty()) {
        return address.address;
    }
    auto name = header_text(address.name);
    if (name == address.name) {
        std::string quoted = "\"";
        for (const char c : name) {
            if (c == '"' || c == '\\') {
                quoted += '\\';
            }
            quoted += c;
        }
        name = quoted + "\"";
    }
    return name + " <" + address.address + ">";
}

}  // namespace coupon
