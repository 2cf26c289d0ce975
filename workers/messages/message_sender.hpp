// Sends the messages of one queue: takes as many due rows as may begin at once, has all their calls
// in flight together, and writes what became of them a batch at a time.
//
// A taken row counts as one that may have been sent: a worker that dies leaves its rows leased, and
// who finds the lease run out knows that the outcome is unknown.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "messages/message_channel.hpp"
#include "runtime/log.hpp"
#include "runtime/metrics.hpp"
#include "runtime/redis_address.hpp"
#include "runtime/stop_signal.hpp"

namespace coupon {

struct SenderOptions {
    int in_flight_max = 256;
    int idle_ms = 100;                // between two looks into an empty table
    std::chrono::seconds lease{120};  // longer than any call may take; at least 60
    std::chrono::seconds grace{35};   // for what is in flight when a stop is requested
    // An unknown outcome waits so long for the provider's report before the message is sent again.
    std::chrono::seconds unknown_wait{900};
    // Called from run() after each batch that was written.
    std::function<void(std::size_t messages)> ended = [](std::size_t) {};
};

class MessageSender {
  public:
    // `channel`, `stop` and `log` must outlive it. Throws ConfigError for a wrong URL.
    MessageSender(MessageChannel& channel, const std::string& database_url,
                  const RedisAddress& redis, SenderOptions options, const StopSignal& stop,
                  const Log& log);
    ~MessageSender();

    // Until a stop is requested; then what is in flight ends, at most the grace time, and what
    // still is under way then is written as unknown.
    void run();

    // Something was just put into the table; from any thread.
    void wake() noexcept;

    // coupon_messages_total{queue,provider,outcome}, coupon_messages_in_flight,
    // coupon_provider_breaker_open, coupon_message_wait_seconds (from queued to sent: sum and
    // count), coupon_messages_unknown; the sender must outlive the metrics' server.
    void add_metrics(Metrics& metrics);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace coupon
