// The values of a template's variables, from a message's data, within what DLT allows.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sms/sms_template.hpp"

namespace coupon {

// In the order of the template's variables. A list of codes is its first one and how many more
// there are; an amount of rupees is "Rs.12,34,567.50" (the sign would make the whole text one of
// half the length), of another currency "USD 1,234,567.50". Throws PermanentFailure that names the
// first variable that is missing, of another kind or too long, and never its value.
std::vector<std::string> variable_values(const SmsTemplate& known, const nlohmann::json& data);

}  // namespace coupon
