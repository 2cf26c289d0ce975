// couponctl notifications … and suppressions …: their command lines.
#pragma once

#include <CLI/CLI.hpp>
#include <ostream>

namespace coupon {

void add_notification_commands(CLI::App& app, std::ostream& out);
void add_suppression_commands(CLI::App& app, std::ostream& out);

}  // namespace coupon
