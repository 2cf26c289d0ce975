// A day as a reader sees it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace coupon {

// "31 Dec 2026": of ISO 8601 the day that is written there, since whoever set it meant that one; of
// Unix time the day in UTC. Any other text as it is; empty for what is neither text nor number.
std::string date_text(const nlohmann::json& value);

}  // namespace coupon
