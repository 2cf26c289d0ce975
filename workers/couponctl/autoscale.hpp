// couponctl autoscale: starts and stops instances of the workers by how much waits for them.
#pragma once

#include <CLI/CLI.hpp>
#include <ostream>
#include <string>
#include <vector>

namespace coupon {

struct AutoscaleOptions {
    std::vector<std::string> roles;  // none: those with an AUTOSCALE_<ROLE>
    std::string state = "/var/lib/coupon-autoscale/state.json";
    std::string systemctl = "systemctl";
    int calm = 10;  // readings in a row below `down` before instances are stopped
    bool dry_run = false;
    bool as_json = false;
};

// A sentence about each role. All roles are read before anything is changed: where Redis,
// PostgreSQL or systemctl cannot be asked, nothing is, and CommandError says so. 1 where systemctl
// did not do what it was asked to, else 0. Throws ConfigError.
int autoscale(const AutoscaleOptions& options, std::ostream& out);

void add_autoscale_command(CLI::App& app, std::ostream& out, int& exit_code);

}  // namespace coupon
