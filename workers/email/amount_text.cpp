#include "email/amount_text.hpp"

#include <algorithm>
#include <array>

#include "runtime/retry_policy.hpp"

namespace coupon {
namespace {

constexpr std::size_t whole_digits_max = 15;

struct Currency {
    std::string_view code, symbol;
    bool lakhs;  // 12,34,567 instead of 1,234,567
};

constexpr std::array<Currency, 5> currencies{{{"INR", "₹", true},
                                              {"BDT", "৳", true},
                                              {"USD", "$", false},
                                              {"EUR", "€", false},
                                              {"GBP", "£", false}}};

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

std::string grouped(const std::string& digits, bool lakhs) {
    std::string text;
    std::size_t since = 0;
    std::size_t group = 3;
    for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit) {
        if (since == group) {
            text += ',';
            since = 0;
            group = lakhs ? 2 : 3;
        }
        text += *digit;
        ++since;
    }
    std::ranges::reverse(text);
    return text;
}

// Adds one to a number in digits.
void increment(std::string& digits) {
    for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit) {
        if (*digit != '9') {
            ++*digit;
            return;
        }
        *digit = '0';
    }
    digits.insert(digits.begin(), '1');
}

// The digits of `text` in hundredths, rounded; empty where it is no decimal number.
std::string hundredths(std::string_view text) {
    const auto point = text.find('.');
    const auto whole = text.substr(0, point);
    const auto fraction =
        point == std::string_view::npos ? std::string_view() : text.substr(point + 1);
    if (whole.empty() || whole.size() > whole_digits_max || text.back() == '.' ||
        !std::ranges::all_of(whole, is_digit) || !std::ranges::all_of(fraction, is_digit)) {
        return {};
    }
    std::string digits = std::string(whole) + std::string(fraction.substr(0, 2));
    digits.append(2 - std::min<std::size_t>(fraction.size(), 2), '0');
    if (fraction.size() > 2 && fraction[2] >= '5') {
        increment(digits);
    }
    digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 3));
    return digits;
}

}  // namespace

std::string amount_text(const std::string& name, const nlohmann::json& value,
                        std::string_view currency) {
    auto text = value.is_string() ? value.get<std::string>() : value.dump();
    const bool negative = text.starts_with('-');
    const auto digits = hundredths(std::string_view(text).substr(negative ? 1 : 0));
    if (digits.empty()) {
        throw PermanentFailure(name + " is no amount: give a number like 1499.50");
    }
    if (currency.size() != 3 ||
        !std::ranges::all_of(currency, [](char c) { return c >= 'A' && c <= 'Z'; })) {
        throw PermanentFailure("currency is no code of three capital letters");
    }
    const auto* known = std::ranges::find(currencies, currency, &Currency::code);
    const bool has_symbol = known != currencies.end();
    const auto whole = digits.substr(0, digits.size() - 2);
    return (negative ? "-" : "") +
           (has_symbol ? std::string(known->symbol) : std::string(currency) + " ") +
           grouped(whole, has_symbol && known->lakhs) + "." + digits.substr(digits.size() - 2);
}

}  // namespace coupon
