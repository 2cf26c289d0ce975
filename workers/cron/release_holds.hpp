// Holds whose time is over give their amounts back to their users.
#pragma once

#include "cron/cron_job.hpp"

namespace coupon {

CronJob release_holds_job();

}  // namespace coupon
