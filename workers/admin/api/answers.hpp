// What the API's answers are made of.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "admin/routes.hpp"
#include "operations/shallow_json.hpp"

namespace coupon {

using Json = nlohmann::ordered_json;

AdminAnswer json_answer(const Json& json, int status = 200);

// A column as JSON; null where it is NULL. A number that is none reads as null.
Json text_or_null(const PgResult& rows, int row, int column);
Json number_or_null(const PgResult& rows, int row, int column);

// SQL: a column of times as ISO 8601 in UTC, with milliseconds.
std::string iso_utc(const std::string& column);

// This moment, and any Unix time, likewise.
std::string iso_now();

}  // namespace coupon
