// Money as a reader sees it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace coupon {

// "₹1,23,456.50", "$12.00", "NPR 5.00": two decimals, rounded half up, grouped as the currency's
// readers group. `value` is a number or a decimal text in major units; `currency` an ISO 4217 code.
// Throws PermanentFailure that begins with `name` where either is something else.
std::string amount_text(const std::string& name, const nlohmann::json& value,
                        std::string_view currency);

}  // namespace coupon
