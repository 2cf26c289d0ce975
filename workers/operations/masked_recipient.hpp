// Whom a message is for, as a list may show it.
#pragma once

#include <string>
#include <string_view>

namespace coupon {

// a…@example.com, +91••••••••10: enough to recognise, too little to write to. Empty stays empty.
std::string masked_recipient(std::string_view recipient);

}  // namespace coupon
