#include "webhooks/webhooks_role.hpp"

#include <cstdlib>
#include <thread>

#include "runtime/heartbeat.hpp"
#include "webhooks/outbox_caller.hpp"
#include "webhooks/webhook_processor.hpp"

namespace coupon {

void run_webhooks(const std::string& database_url, const RedisAddress& redis,
                  const WorkerIdentity& identity, const WebhooksOptions& options,
                  const StopSignal& stop, const Log& log) {
    WebhookProcessor processor(log);
    OutboxCaller caller(log);
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

    log.info("started", {{"redis", redis.text()},
                         {"threads", static_cast<std::int64_t>(options.jobs.threads)},
                         {"lease_s", static_cast<std::int64_t>(options.jobs.lease.count())}});
    std::thread intake_thread([&intake] { intake.run(); });
    webhooks.start();
    outbox.start();
    const bool webhooks_ended = webhooks.join();
    const bool outbox_ended = outbox.join();
    intake_thread.join();
    log.info("stopped");
    if (!webhooks_ended || !outbox_ended) {
        // Threads that still run an action use what destructors would take from them.
        std::_Exit(0);
    }
}

}  // namespace coupon
