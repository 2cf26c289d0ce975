// Looks each minute for what is wrong and tells people once, for shops without Prometheus.
#pragma once

#include <string>

#include "cron/alerts/alert_settings.hpp"
#include "cron/cron_job.hpp"
#include "runtime/redis_address.hpp"

namespace coupon {

CronJob alerts_job(const AlertSettings& settings, const RedisAddress& redis);

}  // namespace coupon
