// Times as texts: those that producers write into JSON, and ours.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace coupon {

// Unix time in ms of Unix seconds or milliseconds (a number, or a text of digits), or of ISO 8601
// with a zone ("2026-11-21T10:00:00+05:30", "…Z"; without a zone, UTC; a date alone is its
// midnight). Nothing for anything else, or a time before 1970 or after the year 9999.
std::optional<std::int64_t> parse_time_ms(const nlohmann::json& value);

// ISO 8601 in UTC with milliseconds: "2026-11-21T10:00:00.007Z".
std::string iso_time(std::int64_t unix_ms);

}  // namespace coupon
