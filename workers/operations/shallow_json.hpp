// JSON that strangers wrote, read in the order in which they wrote it.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

namespace coupon {

// Nothing for what is no JSON, or is nested deeper than 64: an ordered value copies itself level by
// level, and strangers choose how many there are.
std::optional<nlohmann::ordered_json> read_json(std::string_view text);

}  // namespace coupon
