#include "runtime/worker_metrics.hpp"

#include "runtime/installation.hpp"
#include "runtime/pg_connection.hpp"
#include "runtime/redis_connection.hpp"
#include "runtime/redis_queue.hpp"

namespace coupon {
namespace {

constexpr int redis_timeout_ms = 1000;
constexpr int postgres_deadline_ms = 3000;

std::string table_sql(const std::string& table) {
    return "SELECT COALESCE((SELECT extract(epoch FROM now() - min(scheduled_at))::bigint FROM " +
           table + " WHERE status = 'pending' AND scheduled_at <= now()), 0),"
           " (SELECT count(*) FROM " +
           table + " WHERE status = 'failed')";
}

}  // namespace

void add_worker_metrics(Metrics& metrics, const WorkerIdentity& identity,
                        const Heartbeat& heartbeat) {
    metrics.add([identity, &heartbeat](MetricsText& out) {
        out.gauge("coupon_worker_info", "This worker.", 1,
                  {{"role", identity.role}, {"worker", identity.id}, {"version", program_version}});
        out.counter("coupon_worker_entries_total", "Entries and jobs this worker dealt with.",
                    static_cast<double>(heartbeat.jobs()), {{"role", identity.role}});
        out.gauge("coupon_worker_heartbeat_age_seconds",
                  "Since Redis last took the heartbeat; it lapses after 30 s.",
                  heartbeat.age_s(), {{"role", identity.role}});
    });
}

void add_queue_metrics(Metrics& metrics, const RedisAddress& redis, const std::string& queue) {
    const auto connection = std::make_shared<RedisConnection>(redis, redis_timeout_ms);
    metrics.add([connection, queue](MetricsText& out) {
        const auto up = [&out](double value) {
            out.gauge("coupon_worker_redis_up", "Whether Redis answers.", value);
        };
        try {
            const auto depth = connection->command({"LLEN", queue_key(queue)})->integer;
            out.gauge("coupon_queue_depth", "Entries that wait in Redis, claimed ones not counted.",
                      static_cast<double>(depth), {{"queue", queue}});
            up(1);
        } catch (const std::exception&) {
            up(0);
        }
    });
}

void add_table_metrics(Metrics& metrics, const std::string& database_url,
                       const std::vector<std::string>& tables) {
    const auto pg = std::make_shared<PgConnection>(database_url, "coupon-worker metrics",
                                                   postgres_deadline_ms);
    metrics.add([pg, tables](MetricsText& out) {
        const auto up = [&out](double value) {
            out.gauge("coupon_worker_postgres_up", "Whether PostgreSQL answers.", value);
        };
        try {
            for (const auto& table : tables) {
                const auto row = pg->execute(table_sql(table).c_str());
                out.gauge("coupon_jobs_oldest_pending_seconds",
                          "Since the oldest due job of the table was due.",
                          static_cast<double>(row.number(0, 0)), {{"table", table}});
                out.gauge("coupon_jobs_dead", "Dead letters of the table.",
                          static_cast<double>(row.number(0, 1)), {{"table", table}});
            }
            up(1);
        } catch (const PgError&) {
            up(0);
        }
    });
}

void add_runner_metrics(Metrics& metrics, const JobRunner& runner) {
    add_runner_metrics(metrics, std::vector<const JobRunner*>{&runner});
}

void add_runner_metrics(Metrics& metrics, const std::vector<const JobRunner*>& runners) {
    metrics.add([runners](MetricsText& out) {
        const auto add = [&](std::string_view outcome, auto JobCounts::*count) {
            std::uint64_t sum = 0;
            for (const auto* runner : runners) {
                sum += (runner->counts().*count).load();
            }
            out.counter("coupon_worker_jobs_total", "Jobs this worker began, by how they ended.",
                        static_cast<double>(sum),
                        {{"table", runners.front()->table_name()}, {"outcome", outcome}});
        };
        add("started", &JobCounts::started);
        add("completed", &JobCounts::completed);
        add("retried", &JobCounts::retried);
        add("dead", &JobCounts::dead);
        add("given_back", &JobCounts::given_back);
        add("lease_lost", &JobCounts::lease_lost);
    });
}

void add_envelope_metrics(Metrics& metrics, const EnvelopeIntake& intake,
                          const std::string& queue) {
    metrics.add([&intake, queue](MetricsText& out) {
        const auto& totals = intake.totals();
        const auto add = [&](std::string_view outcome, std::uint64_t value) {
            out.counter("coupon_intake_total",
                        "Entries taken from the queue, by what became of them.",
                        static_cast<double>(value), {{"queue", queue}, {"outcome", outcome}});
        };
        add("accepted", totals.accepted);
        add("failed", totals.failed);
        add("duplicate", totals.duplicates);
    });
}

}  // namespace coupon
