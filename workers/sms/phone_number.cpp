#include "sms/phone_number.hpp"

#include <algorithm>

#include "runtime/retry_policy.hpp"

namespace coupon {
namespace {

constexpr std::size_t digits_min = 8, digits_max = 15, national_digits = 10;

bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

bool all_digits(std::string_view text) noexcept {
    return std::all_of(text.begin(), text.end(), is_digit);
}

// What people put between digits.
bool is_filler(char c) noexcept {
    return std::string_view(" \t-().[]/").find(c) != std::string_view::npos;
}

bool is_national_mobile(std::string_view digits) noexcept {
    return digits.size() == national_digits && digits[0] >= '6' && digits[0] <= '9';
}

[[noreturn]] void refuse(std::string_view digits, const std::string& why) {
    const auto shown = digits.size() > 4 && all_digits(digits)
                           ? " (ends in " + std::string(digits.substr(digits.size() - 2)) + ")"
                           : std::string();
    throw PermanentFailure("\"to\"" + shown + " is no phone number: " + why +
                           "; give + and 8 to 15 digits that begin with the country code");
}

}  // namespace

bool is_country_code(std::string_view text) noexcept {
    return !text.empty() && text.size() <= 3 && text[0] != '0' && all_digits(text);
}

std::string e164_number(std::string_view text, std::string_view country_code) {
    std::string digits;
    std::copy_if(text.begin(), text.end(), std::back_inserter(digits),
                 [](char c) { return !is_filler(c); });
    bool international = false;
    if (digits.starts_with('+')) {
        digits.erase(0, 1);
        international = true;
    } else if (digits.starts_with("00")) {
        digits.erase(0, 2);
        international = true;
    }
    if (digits.empty()) {
        refuse(digits, "it is empty");
    }
    if (!all_digits(digits)) {
        refuse(digits, "it holds something else than digits");
    }
    if (!international && is_national_mobile(digits)) {
        return "+" + std::string(country_code) + digits;
    }
    if (!international && digits.starts_with(country_code) &&
        is_national_mobile(std::string_view(digits).substr(country_code.size()))) {
        return "+" + digits;
    }
    if (!international) {
        refuse(digits, "it has " + std::to_string(digits.size()) +
                           " digits and no country code before them");
    }
    if (digits.size() < digits_min || digits.size() > digits_max) {
        refuse(digits, "it has " + std::to_string(digits.size()) + " digits");
    }
    if (digits[0] == '0') {
        refuse(digits, "its country code begins with 0");
    }
    return "+" + digits;
}

}  // namespace coupon
