#include "email/amount_text.hpp"

#include <algorithm>
#include <array>

#include "messages/money_text.hpp"
#include "runtime/retry_policy.hpp"

namespace coupon {
namespace {

struct Currency {
    std::string_view code, symbol;
    bool lakhs;  // 12,34,567 instead of 1,234,567
};

constexpr std::array<Currency, 5> currencies{{{"INR", "₹", true},
                                              {"BDT", "৳", true},
                                              {"USD", "$", false},
                                              {"EUR", "€", false},
                                              {"GBP", "£", false}}};

}  // namespace

bool is_currency_code(std::string_view code) {
    return code.size() == 3 &&
           std::ranges::all_of(code, [](char c) { return c >= 'A' && c <= 'Z'; });
}

std::string amount_text(const std::string& name, const nlohmann::json& value,
                        std::string_view currency) {
    const auto amount = read_hundredths(value);
    if (!amount) {
        throw PermanentFailure(name + " is no amount: give a number like 1499.50");
    }
    if (!is_currency_code(currency)) {
        throw PermanentFailure("currency is no code of three letters, like INR");
    }
    const auto* known = std::ranges::find(currencies, currency, &Currency::code);
    if (known == currencies.end()) {
        return std::string(currency) + " " + grouped_amount(*amount, false);
    }
    return std::string(known->symbol) + grouped_amount(*amount, known->lakhs);
}

}  // namespace coupon
