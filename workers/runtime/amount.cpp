#include "runtime/amount.hpp"

#include <algorithm>

namespace coupon {
namespace {

constexpr std::size_t digits_max = 12;

bool is_number(std::string_view text) noexcept {
    return !text.empty() && text.size() <= digits_max &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::int64_t number(std::string_view digits) noexcept {
    std::int64_t value = 0;
    for (const char c : digits) {
        value = value * 10 + (c - '0');
    }
    return value;
}

}  // namespace

std::optional<std::int64_t> parse_paise(std::string_view digits) noexcept {
    if (!is_number(digits)) {
        return std::nullopt;
    }
    return number(digits);
}

std::optional<std::int64_t> parse_major_units(std::string_view decimal) noexcept {
    const auto point = decimal.find('.');
    const auto whole = decimal.substr(0, point);
    if (!is_number(whole)) {
        return std::nullopt;
    }
    std::int64_t hundredths = 0;
    if (point != std::string_view::npos) {
        const auto fraction = decimal.substr(point + 1);
        if (!is_number(fraction) || fraction.size() > 2) {
            return std::nullopt;
        }
        hundredths = number(fraction) * (fraction.size() == 1 ? 10 : 1);
    }
    return number(whole) * 100 + hundredths;
}

std::string major_units(std::int64_t paise) {
    const auto hundredths = paise % 100;
    return std::to_string(paise / 100) + (hundredths < 10 ? ".0" : ".") +
           std::to_string(hundredths);
}

}  // namespace coupon
