// JSON whose numbers stay the text they came as.
#pragma once

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace coupon {

// Numbers become strings of their own digits. Nothing for what is no JSON, is nested deeper than 64
// or names a member of one object twice.
std::optional<nlohmann::json> read_exact_json(std::string_view text);

// The object or array at the end of the path; null where it does not lead anywhere.
const nlohmann::json& at_path(const nlohmann::json& json, std::initializer_list<const char*> path);

// A text or number at the end of the path; empty where there is none.
std::string text_at(const nlohmann::json& json, std::initializer_list<const char*> path);

}  // namespace coupon
