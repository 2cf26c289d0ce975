// The cron role: the shop's jobs at their times, on one worker of all at a time.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "runtime/log.hpp"
#include "runtime/metrics_server.hpp"
#include "runtime/redis_address.hpp"
#include "runtime/stop_signal.hpp"
#include "runtime/worker_identity.hpp"

namespace coupon {

struct CronOptions {
    std::chrono::seconds grace{20};  // for the jobs that run when a stop is requested
};

// Until a stop is requested; the exit code. Throws ConfigError for a wrong setting. Redis and
// PostgreSQL may be away.
int run_cron(const std::string& database_url, const RedisAddress& redis,
             const WorkerIdentity& identity, const CronOptions& options, const StopSignal& stop,
             const Log& log, const std::optional<ListenAddress>& metrics_listen);

}  // namespace coupon
