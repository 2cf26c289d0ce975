// What the module says its version is: in /stats, and for who looks into its file.
#pragma once

#include <string_view>

namespace coupon {

std::string_view module_version() noexcept;

}  // namespace coupon
