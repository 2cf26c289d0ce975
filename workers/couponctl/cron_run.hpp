// couponctl cron run.
#pragma once

#include <ostream>
#include <string>

namespace coupon {

struct CronRunOptions {
    std::string job;
    std::string actor;  // empty: user@host
    bool wait = false;
};

// Requests a run, or says that one is requested already; with `wait`, until it has ended. The exit
// code: 1 where it did not end well. Throws CommandError where no such job is known.
int run_cron_job(const CronRunOptions& options, std::ostream& out);

}  // namespace coupon
