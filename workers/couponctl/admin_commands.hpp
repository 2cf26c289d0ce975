// couponctl admin: lines for the files that let people and programs into the admin worker.
#pragma once

#include <CLI/CLI.hpp>
#include <ostream>

namespace coupon {

void add_admin_commands(CLI::App& app, std::ostream& out);

}  // namespace coupon
