// couponctl cashback trace: the answer to "where is my cashback?".
#pragma once

#include <ostream>
#include <string>

namespace coupon {

// Everything known of the purchases that the key stands for, newest first, each with one sentence
// that says where its cashback is. Throws CommandError where nothing has that key.
void trace_cashback(const std::string& key, bool as_json, std::ostream& out);

}  // namespace coupon
