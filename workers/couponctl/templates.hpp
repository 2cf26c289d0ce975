// couponctl templates: the e-mail templates as their readers will see them.
#pragma once

#include <CLI/CLI.hpp>
#include <ostream>

namespace coupon {

// Must outlive the parsing: `out`.
void add_template_commands(CLI::App& app, std::ostream& out);

}  // namespace coupon
