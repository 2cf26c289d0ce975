// couponctl privacy.
#pragma once

#include <CLI/CLI.hpp>
#include <ostream>

namespace coupon {

void add_privacy_commands(CLI::App& app, std::ostream& out);

}  // namespace coupon
