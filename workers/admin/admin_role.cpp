#include "admin/admin_role.hpp"

#include "admin/admin_server.hpp"
#include "admin/admin_settings.hpp"
#include "admin/api/worker_sampler.hpp"
#include "runtime/heartbeat.hpp"
#include "runtime/worker_metrics.hpp"

namespace coupon {

void run_admin(const std::string& database_url, const RedisAddress& redis,
               const WorkerIdentity& identity, const StopSignal& stop, const Log& log,
               const std::optional<ListenAddress>& metrics_listen) {
    const auto settings = configured_admin();
    const AdminBackends backends{database_url, redis};
    Metrics metrics;
    Site site(settings.access, StaticFiles(settings.dashboard), metrics, log);
    Heartbeat heartbeat(redis, identity, log);
    WorkerSampler sampler(database_url, redis, log);
    AdminServer server(settings.socket, backends, site, heartbeat, log);
    add_worker_metrics(metrics, identity, heartbeat);
    metrics.add([&](MetricsText& out) {
        site.write_metrics(out);
        server.write_metrics(out);
    });
    std::optional<MetricsServer> metrics_server;
    if (metrics_listen) {
        metrics_server.emplace(*metrics_listen, metrics);
    }
    log.info("started", {{"redis", redis.text()}, {"socket", settings.socket.path}});
    while (!stop.requested()) {
        stop.sleep_ms(60'000);
    }
    server.stop();
    log.info("stopped");
}

}  // namespace coupon
