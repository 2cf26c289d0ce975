// COUPON_VERSION is CMakeLists.txt's project version, or the package's; `config` hands it on as CMake does.
#include "module_version.hpp"

namespace coupon {
namespace {

// couponctl doctor looks for the first two words in the module's file, where they must stand once.
constexpr std::string_view marked_version = "coupon module " COUPON_VERSION;
constexpr std::size_t mark_length = sizeof("coupon module ") - 1;

}  // namespace

std::string_view module_version() noexcept {
    return marked_version.substr(mark_length);
}

}  // namespace coupon
