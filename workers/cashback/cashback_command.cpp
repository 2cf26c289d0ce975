#include "cashback/cashback_command.hpp"

namespace coupon {

void add_cashback_command(CLI::App& parent, CashbackCommand& command) {
    auto& app = *parent.add_subcommand(
        "cashback",
        "Read affiliate networks and credit what they confirm until SIGTERM; keep the ledger");
    command.app = &app;
    app.add_flag("--check", command.check,
                 "Check the settings, Redis and PostgreSQL, say what is missing, and exit");
    app.add_flag("--once", command.options.once,
                 "Read each network once, do all effects, and exit; exit code 1 when one failed");
}

}  // namespace coupon
