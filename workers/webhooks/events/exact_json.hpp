// A webhook's JSON, with numbers as the text they came as; what is missing ends the event.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "runtime/exact_json.hpp"

namespace coupon {

// Throws MalformedEvent where read_exact_json has nothing.
nlohmann::json parse_exact_json(std::string_view text);

// Throws MalformedEvent, with the path, where text_at is empty.
std::string required_text(const nlohmann::json& json, std::initializer_list<const char*> path);

}  // namespace coupon
