// The webhooks role: from queue:webhooks into webhook_logs, from there into payments, orders and
// cashback, and what follows from those through the outbox, until a stop is requested.
#pragma once

#include <cstddef>
#include <string>

#include "runtime/job_runner.hpp"
#include "runtime/log.hpp"
#include "runtime/redis_address.hpp"
#include "runtime/stop_signal.hpp"
#include "runtime/worker_identity.hpp"

namespace coupon {

struct WebhooksOptions {
    std::size_t batch_max = 500;  // entries claimed at once
    int flush_ms = 50;            // between two looks into an empty queue
    JobRunnerOptions jobs;
};

// Returns once everything claimed is a row and what was in flight has ended, or was given back.
// Throws ConfigError for a wrong setting. Redis and PostgreSQL may be away.
void run_webhooks(const std::string& database_url, const RedisAddress& redis,
                  const WorkerIdentity& identity, const WebhooksOptions& options,
                  const StopSignal& stop, const Log& log);

}  // namespace coupon
