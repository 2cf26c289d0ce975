// Money as exact hundredths: never through a binary fraction.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace coupon {

// "17000" → 17000: digits only, at most twelve.
std::optional<std::int64_t> parse_paise(std::string_view digits) noexcept;

// "170", "170.5", "170.00" → 17000, 17050, 17000: digits, and at most two behind one point.
std::optional<std::int64_t> parse_major_units(std::string_view decimal) noexcept;

// 17050 → "170.50", as NUMERIC(14,2) takes it.
std::string major_units(std::int64_t paise);

}  // namespace coupon
