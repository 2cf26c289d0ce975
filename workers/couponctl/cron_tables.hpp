// couponctl cron list and history.
#pragma once

#include <ostream>
#include <string>

namespace coupon {

struct CronHistoryFilter {
    std::string job;  // empty: all
    int limit = 50;
    bool as_json = false;
};

// Throw CommandError where no such job is known.
void list_cron_jobs(bool as_json, std::ostream& out);
void list_cron_runs(const CronHistoryFilter& filter, std::ostream& out);

}  // namespace coupon
