// Offers whose time is over are switched off.
#pragma once

#include "cron/cron_job.hpp"

namespace coupon {

CronJob expire_offers_job();

}  // namespace coupon
