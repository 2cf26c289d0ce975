// Times as producers write them into JSON.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>

namespace coupon {

// Unix time in ms of Unix seconds or milliseconds (a number, or a text of digits), or of ISO 8601
// with a zone ("2026-11-21T10:00:00+05:30", "…Z"; without a zone, UTC; a date alone is its midnight).
// Nothing for anything else, or a time before 1970 or after the year 9999.
std::optional<std::int64_t> parse_time_ms(const nlohmann::json& value);

}  // namespace coupon
