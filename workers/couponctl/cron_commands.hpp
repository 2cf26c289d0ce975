// The commands about the jobs of the cron role.
#pragma once

#include <CLI/CLI.hpp>
#include <ostream>

namespace coupon {

// `exit_code` is set by the command that runs; both must outlive the parsing.
void add_cron_commands(CLI::App& app, std::ostream& out, int& exit_code);

}  // namespace coupon
