// Amounts as producers write them, and as people read them. Exact: never through a binary fraction.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace coupon {

// Hundredths, rounded half up, of a JSON number or a text: 1234.5, "1234.50", "1,234.50",
// "₹1,234.50", "Rs. 1234", "INR 1,234.50". Nothing for anything else, a negative amount, or more
// than twelve digits before the point.
std::optional<std::int64_t> read_hundredths(const nlohmann::json& amount);

// 123456750 → "12,34,567.50" in groups of lakh and crore, else "1,234,567.50". Not negative.
std::string grouped_amount(std::int64_t hundredths, bool lakhs);

}  // namespace coupon
