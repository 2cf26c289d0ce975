// gzip, RFC 1952, through zlib.
#pragma once

#include <string>
#include <string_view>

namespace coupon {

// One whole member; several behind each other are a file as well. Throws CommandError where there
// is no memory.
std::string gzip(std::string_view text);

}  // namespace coupon
