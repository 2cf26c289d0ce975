// The commands about cashback and wallets.
#pragma once

#include <CLI/CLI.hpp>
#include <ostream>

namespace coupon {

// `exit_code` is set by the command that runs; both must outlive the parsing.
void add_cashback_commands(CLI::App& app, std::ostream& out);
void add_wallet_commands(CLI::App& app, std::ostream& out, int& exit_code);

}  // namespace coupon
