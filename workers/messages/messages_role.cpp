#include "messages/messages_role.hpp"

#include <thread>

#include "runtime/envelope_intake.hpp"
#include "runtime/heartbeat.hpp"
#include "runtime/worker_metrics.hpp"

namespace coupon {

void run_messages(MessageChannel& channel, const std::string& database_url,
                  const RedisAddress& redis, const WorkerIdentity& identity,
                  const SenderOptions& options, const StopSignal& stop, const Log& log,
                  const std::optional<ListenAddress>& metrics_listen) {
    const auto& queue = channel.queue();
    const auto table = queue + "_queue";
    Heartbeat heartbeat(redis, identity, log);
    auto sender_options = options;
    sender_options.ended = [&heartbeat](std::size_t messages) { heartbeat.count_jobs(messages); };
    MessageSender sender(channel, database_url, redis, sender_options, stop, log);
    EnvelopeIntake intake(
        {queue, table}, database_url, redis, identity.id, [&sender](std::size_t) { sender.wake(); },
        stop, log);

    Metrics metrics;
    add_worker_metrics(metrics, identity, heartbeat);
    add_queue_metrics(metrics, redis, queue);
    add_table_metrics(metrics, database_url, {table});
    add_envelope_metrics(metrics, intake, queue);
    sender.add_metrics(metrics);
    std::optional<MetricsServer> metrics_server;
    if (metrics_listen) {
        metrics_server.emplace(*metrics_listen, metrics);
    }

    log.info("started", {{"redis", redis.text()},
                         {"in_flight", static_cast<std::int64_t>(options.in_flight_max)},
                         {"lease_s", static_cast<std::int64_t>(options.lease.count())}});
    std::thread intake_thread([&intake] { intake.run(); });
    sender.run();
    intake_thread.join();
    log.info("stopped");
}

}  // namespace coupon
