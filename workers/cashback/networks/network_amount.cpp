#include "cashback/networks/network_amount.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "runtime/amount.hpp"

namespace coupon {
namespace {

constexpr int exponent_max = 40;
constexpr std::size_t digits_max = 64;
constexpr std::size_t whole_digits_max = 12;
constexpr std::int64_t hundredths_below = 100'000'000'000'000;  // 10^12 units

// digits × 10^-scale
struct Decimal {
    std::string digits;
    int scale = 0;
};

bool are_digits(std::string_view text) {
    return text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::optional<int> parse_exponent(std::string_view text) {
    if (text.starts_with('+') && !text.starts_with("+-")) {
        text.remove_prefix(1);
    }
    int exponent = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), exponent);
    if (error != std::errc() || end != text.data() + text.size() || exponent > exponent_max ||
        exponent < -exponent_max) {
        return std::nullopt;
    }
    return exponent;
}

std::optional<Decimal> parse_decimal(std::string_view text) {
    int exponent = 0;
    if (const auto e = text.find_first_of("eE"); e != std::string_view::npos) {
        const auto given = parse_exponent(text.substr(e + 1));
        if (!given) {
            return std::nullopt;
        }
        exponent = *given;
        text = text.substr(0, e);
    }
    const auto point = text.find('.');
    const auto whole = text.substr(0, point);
    const auto fraction = point == std::string_view::npos ? "" : text.substr(point + 1);
    const auto size = whole.size() + fraction.size();
    if (size == 0 || size > digits_max || !are_digits(whole) || !are_digits(fraction) ||
        (point != std::string_view::npos && fraction.empty())) {
        return std::nullopt;
    }
    Decimal decimal{std::string(whole), static_cast<int>(fraction.size()) - exponent};
    decimal.digits += fraction;
    return decimal;
}

}  // namespace

NetworkAmount read_network_amount(std::string_view text) {
    const bool negative = text.starts_with('-');
    auto decimal = parse_decimal(text.substr(negative ? 1 : 0));
    if (!decimal) {
        return {"", "is no amount"};
    }
    auto& digits = decimal->digits;
    if (negative && digits.find_first_not_of('0') != std::string::npos) {
        return {"", "is negative"};
    }
    // Exactly three decimals: the hundredths, and the digit that decides about rounding.
    constexpr int kept = 3;
    if (decimal->scale < kept) {
        digits.append(static_cast<std::size_t>(kept - decimal->scale), '0');
    } else {
        const auto drop = static_cast<std::size_t>(decimal->scale - kept);
        digits.resize(digits.size() - std::min(drop, digits.size()));
    }
    digits.insert(0, std::string(kept, '0'));
    const bool up = digits.back() >= '5';
    digits.pop_back();
    digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
    if (digits.size() > whole_digits_max + 2) {
        return {"", "is above all amounts"};
    }
    std::int64_t hundredths = up ? 1 : 0;
    std::int64_t parsed = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), parsed);
    hundredths += parsed;
    if (hundredths >= hundredths_below) {
        return {"", "is above all amounts"};
    }
    return {major_units(hundredths), ""};
}

}  // namespace coupon
