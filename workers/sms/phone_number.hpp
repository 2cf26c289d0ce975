// Phone numbers in the one form that providers and reports can be matched by: E.164.
#pragma once

#include <string>
#include <string_view>

namespace coupon {

// "+919876543210" of "+91 98765-43210", "0091 (98765) 43210", "9876543210" and "919876543210" where
// `country_code` is "91". A plus, then 8 to 15 digits, the first not 0. Throws PermanentFailure
// with at most the last two digits for anything else.
std::string e164_number(std::string_view text, std::string_view country_code);

// Whether `text` can stand for SMS_COUNTRY_CODE: one to three digits, the first not 0.
bool is_country_code(std::string_view text) noexcept;

}  // namespace coupon
