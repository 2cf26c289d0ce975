#include "core/percent.hpp"

#include <array>

namespace coupon {

namespace {

constexpr std::array<bool, 256> kUnreserved = [] {
    std::array<bool, 256> plain{};
    for (int c = '0'; c <= '9'; ++c)
        plain[static_cast<size_t>(c)] = true;
    for (int c = 'a'; c <= 'z'; ++c)
        plain[static_cast<size_t>(c)] = true;
    for (int c = 'A'; c <= 'Z'; ++c)
        plain[static_cast<size_t>(c)] = true;
    plain['-'] = plain['.'] = plain['_'] = plain['~'] = true;
    return plain;
}();

}  // namespace

char* percent_encode(char* out, std::string_view bytes) noexcept {
    constexpr char kDigits[] = "0123456789ABCDEF";
    for (char c : bytes) {
        auto byte = static_cast<unsigned char>(c);
        if (kUnreserved[byte]) {
            *out++ = c;
            continue;
        }
        *out++ = '%';
        *out++ = kDigits[byte >> 4];
        *out++ = kDigits[byte & 15];
    }
    return out;
}

std::string percent_encoded(std::string_view bytes) {
    std::string text(percent_encoded_max(bytes.size()), '\0');
    text.resize(static_cast<size_t>(percent_encode(text.data(), bytes) - text.data()));
    return text;
}

}  // namespace coupon
