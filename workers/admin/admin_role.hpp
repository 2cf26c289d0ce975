// coupon-worker admin: the dashboard and the API below /admin/workers/.
#pragma once

#include <optional>
#include <string>

#include "runtime/log.hpp"
#include "runtime/metrics_server.hpp"
#include "runtime/redis_address.hpp"
#include "runtime/stop_signal.hpp"
#include "runtime/worker_identity.hpp"

namespace coupon {

// Until a stop is requested. Throws ConfigError and CommandError where it cannot start.
void run_admin(const std::string& database_url, const RedisAddress& redis,
               const WorkerIdentity& identity, const StopSignal& stop, const Log& log,
               const std::optional<ListenAddress>& metrics_listen);

}  // namespace coupon
