// Money as a reader sees it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace coupon {

// ISO 4217: three capital letters.
bool is_currency_code(std::string_view code);

// "₹1,23,456.50", "$12.00", "NPR 5.00": grouped as the currency's readers group. `value` is what
// read_hundredths() takes. Throws PermanentFailure, with `name` where that cannot be read.
std::string amount_text(const std::string& name, const nlohmann::json& value,
                        std::string_view currency);

}  // namespace coupon
