// Where a purchase's cashback is now, or why there is none: one sentence.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace coupon {

// `facts` as cashback_facts.hpp makes them. Pure.
std::string where_cashback_is(const nlohmann::ordered_json& facts);

}  // namespace coupon
