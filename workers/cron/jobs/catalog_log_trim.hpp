// The log of changed offers and merchants is kept for a day.
#pragma once

#include "cron/cron_job.hpp"

namespace coupon {

CronJob catalog_log_trim();

}  // namespace coupon
