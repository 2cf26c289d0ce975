// The jobs that keep the shop's tables and files in order, with what the environment sets of them.
#pragma once

#include <vector>

#include "cron/cron_job.hpp"

namespace coupon {

// Throws ConfigError for a wrong setting.
std::vector<CronJob> configured_upkeep_jobs();

}  // namespace coupon
