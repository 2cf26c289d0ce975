// The commands about webhooks and the orders they pay for.
#pragma once

#include <CLI/CLI.hpp>
#include <ostream>

namespace coupon {

// `exit_code` is set by the command that runs; both must outlive the parsing.
void add_webhook_commands(CLI::App& app, std::ostream& out, int& exit_code);
void add_order_commands(CLI::App& app, std::ostream& out, int& exit_code);

}  // namespace coupon
