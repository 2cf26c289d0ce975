#include "webhooks/webhooks_role.hpp"

#include <cstdlib>
#include <future>
#include <thread>

#include "runtime/heartbeat.hpp"
#include "runtime/worker_metrics.hpp"
#include "webhooks/body_retention.hpp"
#include "webhooks/order_metrics.hpp"
#include "webhooks/outbox_caller.hpp"
#include "webhooks/webhook_processor.hpp"

namespace coupon {
namespace {

void add_intake_metrics(Metrics& metrics, const WebhookIntake& intake) {
    metrics.add([&intake](MetricsText& out) {
        const auto& totals = intake.totals();
        const auto add = [&out](std::string_view outcome, std::uint64_t value) {
            out.counter("coupon_intake_total", "Entries taken from the queue, by what became of them.",
                        static_cast<double>(value), {{"queue", "webhooks"}, {"outcome", outcome}});
        };
        add("accepted", totals.accepted);
        add("refused", totals.refused);
        add("failed", totals.failed);
        add("duplicate", totals.duplicates);
        add("conflict", totals.conflicts);
    });
}

}  // namespace

void run_webhooks(const std::string& database_url, const RedisAddress& redis,
                  const WorkerIdentity& identity, const WebhooksOptions& options,
                  const StopSignal& stop, const Log& log,
                  const std::optional<ListenAddress>& metrics_listen) {
    WebhookProcessor processor(log);
    OutboxCaller caller(log);
    BodyRetention retention(database_url, configured_body_days(), stop, log);
    Heartbeat heartbeat(redis, identity, log);
    JobRunner webhooks(
        WebhookProcessor::table(), database_url, options.jobs,
        [&processor](PgConnection& pg, const Job& job) { processor.process(pg, job); },
        [&processor](PgConnection& pg, const Job& job, const std::string& why) {
            processor.on_dead(pg, job, why);
        },
        stop, log);
    JobRunner outbox(
        OutboxCaller::table(), database_url, options.jobs,
        [&caller](PgConnection& pg, const Job& job) { caller.call(pg, job); },
        [&caller](PgConnection& pg, const Job& job, const std::string& why) {
            caller.on_dead(pg, job, why);
        },
        stop, log);

    WebhookIntake intake(
        database_url, redis, identity.id, options.intake,
        [&](std::size_t entries, bool work) {
            heartbeat.count_jobs(entries);
            if (work) {
                webhooks.wake();
            }
        },
        stop, log);

    Metrics metrics;
    add_worker_metrics(metrics, identity, heartbeat);
    add_queue_metrics(metrics, redis, "webhooks");
    add_table_metrics(metrics, database_url, {"webhook_logs", "outbox"});
    add_runner_metrics(metrics, webhooks);
    add_runner_metrics(metrics, outbox);
    add_intake_metrics(metrics, intake);
    add_order_metrics(metrics, database_url);
    metrics.add([&](MetricsText& out) {
        out.counter("coupon_webhook_alerts_total", "What a person should look at; see the log.",
                    static_cast<double>(processor.alerts() + caller.alerts()));
    });
    std::optional<MetricsServer> metrics_server;
    if (metrics_listen) {
        metrics_server.emplace(*metrics_listen, metrics);
    }

    log.info("started", {{"redis", redis.text()},
                         {"threads", static_cast<std::int64_t>(options.jobs.threads)},
                         {"lease_s", static_cast<std::int64_t>(options.jobs.lease.count())}});
    std::thread intake_thread([&intake] { intake.run(); });
    std::thread retention_thread([&retention] { retention.run(); });
    webhooks.start();
    outbox.start();
    // Beside each other: the grace time is one for both.
    auto outbox_join = std::async(std::launch::async, [&outbox] { return outbox.join(); });
    const bool webhooks_ended = webhooks.join();
    const bool outbox_ended = outbox_join.get();
    intake_thread.join();
    retention_thread.join();
    log.info("stopped");
    if (!webhooks_ended || !outbox_ended) {
        // Threads that still run an action use what destructors would take from them.
        std::_Exit(0);
    }
}

}  // namespace coupon
