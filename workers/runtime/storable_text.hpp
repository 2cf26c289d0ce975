// Text that any database encoding takes, made of bytes that may be anything.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace coupon {

// Printable ASCII, tab and newline as they are, every other byte as \xHH; cut after `bytes_max`.
std::string storable_text(std::string_view bytes, std::size_t bytes_max = 16 * 1024);

}  // namespace coupon
