// The webhooks role: from queue:webhooks into webhook_logs, from there into payments, orders and
// cashback, and what follows from those through the outbox, until a stop is requested.
#pragma once

#include <optional>
#include <string>

#include "runtime/job_runner.hpp"
#include "runtime/log.hpp"
#include "runtime/metrics_server.hpp"
#include "runtime/redis_address.hpp"
#include "runtime/stop_signal.hpp"
#include "runtime/worker_identity.hpp"
#include "webhooks/intake.hpp"

namespace coupon {

struct WebhooksOptions {
    IntakeOptions intake;
    JobRunnerOptions jobs;
};

// Returns once everything claimed is a row and what was in flight has ended, or was given back.
// Throws ConfigError for a wrong setting. Redis and PostgreSQL may be away.
void run_webhooks(const std::string& database_url, const RedisAddress& redis,
                  const WorkerIdentity& identity, const WebhooksOptions& options,
                  const StopSignal& stop, const Log& log,
                  const std::optional<ListenAddress>& metrics_listen);

}  // namespace coupon
