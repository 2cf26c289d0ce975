// The cashback role: runs over the affiliate networks on a schedule, on demand and after postbacks;
// seals the ledger in between.
#pragma once

#include <optional>
#include <string>

#include "runtime/log.hpp"
#include "runtime/metrics_server.hpp"
#include "runtime/redis_address.hpp"
#include "runtime/stop_signal.hpp"
#include "runtime/worker_identity.hpp"

namespace coupon {

struct CashbackOptions {
    bool once = false;  // one run over each network and all effects, then return
};

// Returns once nothing is in flight; the exit code: 1 where `once` left something undone. Throws
// ConfigError for a wrong setting. Redis and PostgreSQL may be away, unless `once`.
int run_cashback(const std::string& database_url, const RedisAddress& redis,
                 const WorkerIdentity& identity, const CashbackOptions& options,
                 const StopSignal& stop, const Log& log,
                 const std::optional<ListenAddress>& metrics_listen);

}  // namespace coupon
