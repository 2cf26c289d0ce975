// Clicks lose their visitor's address, user agent and referrer after some days.
#pragma once

#include <cstdint>

#include "cron/cron_job.hpp"

namespace coupon {

// Partitions, the table from before the partitions, and what could not be stored (whose text goes).
// The number of rows. Ends early where a stop is requested.
std::int64_t forget_visitors(CronRun& run, int days);

}  // namespace coupon
