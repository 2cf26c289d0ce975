// A setting that is a whole number.
#pragma once

#include <string>

namespace coupon {

// NAME (or NAME_FILE), or the default where it is not set. Throws ConfigError, which names it, for
// anything but a whole number from `least` to `most`.
int number_setting(const std::string& name, int by_default, int least, int most);

}  // namespace coupon
