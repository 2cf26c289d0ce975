#include "runtime/storable_text.hpp"

namespace coupon {

std::string storable_text(std::string_view bytes, std::size_t bytes_max) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const char c : bytes.substr(0, bytes_max)) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte >= 0x20 && byte < 0x7f) || c == '\t' || c == '\n') {
            text += c;
        } else {
            text += "\\x";
            text += digits[byte >> 4];
            text += digits[byte & 15];
        }
    }
    return text;
}

}  // namespace coupon
