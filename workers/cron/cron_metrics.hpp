// The samples of the cron role.
#pragma once

#include <string>

#include "cron/cron_leader.hpp"
#include "runtime/metrics.hpp"

namespace coupon {

// coupon_cron_leader, coupon_cron_running_seconds{job}, and, where PostgreSQL answers in time,
// coupon_cron_last_success_age_seconds{job}, coupon_cron_last_failed{job}, coupon_ledger_problems;
// coupon_worker_postgres_up. The leader must outlive the metrics' server.
void add_cron_metrics(Metrics& metrics, const CronLeader& leader, const std::string& database_url);

}  // namespace coupon
