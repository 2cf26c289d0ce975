// What the cron role is told by the environment: its jobs, when each is due, and by whose clocks.
#pragma once

#include <string>
#include <vector>

#include "cron/cron_job.hpp"
#include "cron/cron_schedule.hpp"
#include "runtime/time_zone.hpp"

namespace coupon {

struct ScheduledJob {
    CronJob job;            // its schedule as CRON_<NAME> has it
    CronSchedule schedule;  // the same, understood
};

struct CronSettings {
    std::string zone_name = "Asia/Kolkata";  // COUPON_TZ
    TimeZone zone;
    std::vector<ScheduledJob> jobs;
};

// Throws ConfigError for a wrong setting, also where a CRON_… that holds a schedule names no job.
CronSettings configured_cron(const std::string& database_url);

}  // namespace coupon
