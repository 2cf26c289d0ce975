#include "cron/cron_role.hpp"

#include <cstdlib>

#include "cron/cron_leader.hpp"
#include "cron/cron_metrics.hpp"
#include "cron/cron_settings.hpp"
#include "cron/shop_metrics.hpp"
#include "runtime/clock.hpp"
#include "runtime/heartbeat.hpp"
#include "runtime/worker_metrics.hpp"

namespace coupon {

int run_cron(const std::string& database_url, const RedisAddress& redis,
             const WorkerIdentity& identity, const CronOptions& options, const StopSignal& stop,
             const Log& log, const std::optional<ListenAddress>& metrics_listen) {
    const auto settings = configured_cron(database_url);
    Heartbeat heartbeat(redis, identity, log);
    CronLeader leader(
        settings, database_url, identity.id, unix_now_s, [&] { heartbeat.count_jobs(1); }, stop,
        log);
    Metrics metrics;
    add_worker_metrics(metrics, identity, heartbeat);
    add_cron_metrics(metrics, leader, database_url);
    add_shop_metrics(metrics, database_url, redis);
    std::optional<MetricsServer> metrics_server;
    if (metrics_listen) {
        metrics_server.emplace(*metrics_listen, metrics);
    }
    log.info("started", {{"zone", settings.zone_name},
                         {"jobs", static_cast<std::int64_t>(settings.jobs.size())}});
    const bool ended = leader.run(options.grace);
    log.info("stopped");
    if (!ended) {
        // Threads that still run a job use what destructors would take from them.
        std::_Exit(0);
    }
    return 0;
}

}  // namespace coupon
