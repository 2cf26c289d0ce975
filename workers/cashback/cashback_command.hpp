// The command line of coupon-worker cashback.
#pragma once

#include <CLI/CLI.hpp>

#include "cashback/cashback_role.hpp"

namespace coupon {

struct CashbackCommand {
    CLI::App* app = nullptr;
    bool check = false;
    CashbackOptions options;
};

// `command` must live as long as `parent`; its options are set once the command line is parsed.
void add_cashback_command(CLI::App& parent, CashbackCommand& command);

}  // namespace coupon
