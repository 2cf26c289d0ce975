// Tells users once of cashback that has been pending for more than 30 days.
#pragma once

#include "cron/cron_job.hpp"

namespace coupon {

CronJob cashback_reminders();

}  // namespace coupon
