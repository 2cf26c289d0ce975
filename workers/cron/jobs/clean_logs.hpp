// What is kept for a while: audit logs, webhooks, messages' data, visitors, clicks, dead letters.
#pragma once

#include "cron/cron_job.hpp"
#include "cron/jobs/retention_settings.hpp"

namespace coupon {

CronJob clean_logs(const RetentionSettings& settings);

// Dead letters, into the archive.
CronJob dead_rows(const RetentionSettings& settings);

}  // namespace coupon
