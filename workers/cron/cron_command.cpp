#include "cron/cron_command.hpp"

namespace coupon {

void add_cron_command(CLI::App& parent, CronCommand& command) {
    auto& app = *parent.add_subcommand(
        "cron", "Do the shop's jobs at their times until SIGTERM; of several workers one leads");
    command.app = &app;
    app.add_flag("--check", command.check,
                 "Check the settings, Redis and PostgreSQL, say what is missing, and exit");
    app.add_option("--grace", command.grace_s, "Seconds that jobs have to end after SIGTERM")
        ->check(CLI::Range(0, 3600))
        ->capture_default_str();
}

}  // namespace coupon
