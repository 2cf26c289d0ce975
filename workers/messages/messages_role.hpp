// What the email and the sms role are made of: intake from Redis, the sender, heartbeat and
// metrics.
#pragma once

#include <optional>
#include <string>

#include "messages/message_channel.hpp"
#include "messages/message_sender.hpp"
#include "runtime/log.hpp"
#include "runtime/metrics_server.hpp"
#include "runtime/redis_address.hpp"
#include "runtime/stop_signal.hpp"
#include "runtime/worker_identity.hpp"

namespace coupon {

// Returns once everything claimed is a row and nothing is in flight. Throws ConfigError for a wrong
// setting. Redis and PostgreSQL may be away.
void run_messages(MessageChannel& channel, const std::string& database_url,
                  const RedisAddress& redis, const WorkerIdentity& identity,
                  const SenderOptions& options, const StopSignal& stop, const Log& log,
                  const std::optional<ListenAddress>& metrics_listen);

}  // namespace coupon
