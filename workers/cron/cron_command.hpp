// The command line of coupon-worker cron.
#pragma once

#include <CLI/CLI.hpp>

#include "cron/cron_role.hpp"

namespace coupon {

struct CronCommand {
    CLI::App* app = nullptr;
    bool check = false;
    int grace_s = 20;

    [[nodiscard]] CronOptions options() const { return {std::chrono::seconds(grace_s)}; }
};

// `command` must live as long as `parent`; its options are set once the command line is parsed.
void add_cron_command(CLI::App& parent, CronCommand& command);

}  // namespace coupon
