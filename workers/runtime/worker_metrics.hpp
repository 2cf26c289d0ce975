// The samples that every role shows: itself, its queue in Redis and its job tables.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/envelope_intake.hpp"
#include "runtime/heartbeat.hpp"
#include "runtime/job_runner.hpp"
#include "runtime/metrics.hpp"
#include "runtime/redis_address.hpp"
#include "runtime/worker_identity.hpp"

namespace coupon {

// coupon_worker_info, coupon_worker_entries_total, coupon_worker_heartbeat_age_seconds. The
// heartbeat must outlive the metrics' server.
void add_worker_metrics(Metrics& metrics, const WorkerIdentity& identity,
                        const Heartbeat& heartbeat);

// coupon_queue_depth and coupon_worker_redis_up: 0 where Redis does not answer in time, and then no
// depth.
void add_queue_metrics(Metrics& metrics, const RedisAddress& redis, const std::string& queue);

// coupon_jobs_oldest_pending_seconds, coupon_jobs_dead and coupon_worker_postgres_up, likewise.
void add_table_metrics(Metrics& metrics, const std::string& database_url,
                       const std::vector<std::string>& tables);

// coupon_worker_jobs_total by table and outcome. The runner must outlive the metrics' server. Several
// of one table are added up.
void add_runner_metrics(Metrics& metrics, const JobRunner& runner);
void add_runner_metrics(Metrics& metrics, const std::vector<const JobRunner*>& runners);

// coupon_intake_total by outcome. The intake must outlive the metrics' server.
void add_envelope_metrics(Metrics& metrics, const EnvelopeIntake& intake, const std::string& queue);

}  // namespace coupon
