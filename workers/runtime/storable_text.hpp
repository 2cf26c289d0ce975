// Text that any database encoding takes, made of bytes that may be anything.
#pragma once

#include <string>
#include <string_view>

namespace coupon {

// Printable ASCII, tab and newline as they are, every other byte as \xHH; cut after 16 KiB.
std::string storable_text(std::string_view bytes);

}  // namespace coupon
