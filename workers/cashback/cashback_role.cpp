#include "cashback/cashback_role.hpp"

#include <cstdlib>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "cashback/cashback_jobs.hpp"
#include "cashback/cashback_metrics.hpp"
#include "cashback/ledger_keeper.hpp"
#include "cashback/network_watch.hpp"
#include "cashback/networks/configured_networks.hpp"
#include "runtime/envelope_intake.hpp"
#include "runtime/heartbeat.hpp"
#include "runtime/worker_metrics.hpp"

namespace coupon {
namespace {

using Networks = std::vector<std::unique_ptr<AffiliateNetwork>>;

std::vector<std::string> names_of(const Networks& networks) {
    std::vector<std::string> names;
    for (const auto& network : networks) {
        names.push_back(network->name());
    }
    return names;
}

EffectSettings effects_with(EffectSettings settings, const Networks& networks) {
    for (const auto& network : networks) {
        settings.credit_on[network->name()] = network->credit_on();
    }
    return settings;
}

// The jobs of one network, or those of none, with the thread that works on them.
struct Desk {
    std::unique_ptr<NetworkJobs> jobs;
    std::unique_ptr<JobRunner> runner;
};

JobRunnerOptions desk_options() {
    JobRunnerOptions options;
    options.threads = 1;  // one run at a time per network
    options.idle_ms = 1000;
    return options;
}

class CashbackRole {
  public:
    CashbackRole(const std::string& database_url, const RedisAddress& redis, const StopSignal& stop,
                 const Log& log)
        : database_url_(database_url),
          stop_(stop),
          log_(log),
          // Twice: an instance is one thread's.
          watched_(configured_networks(database_url, redis, log)),
          asked_(configured_networks(database_url, redis, log)),
          names_(names_of(watched_)),
          effects_(effects_with(settings_.effects, watched_)),
          unassigned_(names_),
          keeper_(settings_, effects_, database_url, totals_, stop, log) {
        for (auto& network : watched_) {
            watches_.push_back(std::make_unique<NetworkWatch>(
                std::move(network), settings_, effects_, database_url, totals_, stop, log));
        }
    }

    // What earlier runs left first, whether a network answers or not. False: a run failed, or
    // effects are left.
    bool run_once() {
        keeper_.look_again();
        keeper_.work_off();
        std::vector<std::future<bool>> runs;
        for (auto& watch : watches_) {
            runs.push_back(std::async(std::launch::async, [&watch] { return watch->run_once(); }));
        }
        bool good = true;
        for (auto& run : runs) {
            good = run.get() && good;
        }
        return keeper_.work_off() && good;
    }

    // Until a stop is requested. False: a thread still works on what was given back.
    bool run(const RedisAddress& redis, const WorkerIdentity& identity,
             const std::optional<ListenAddress>& metrics_listen) {
        Heartbeat heartbeat(redis, identity, log_);
        make_desks(heartbeat);
        EnvelopeQueue queue{"cashback", "cashback_jobs"};
        queue.recipients = false;
        EnvelopeIntake intake(
            queue, database_url_, redis, identity.id, [this](std::size_t) { wake_desks(); }, stop_,
            log_);
        Metrics metrics;
        add_metrics(metrics, identity, heartbeat, redis);
        add_envelope_metrics(metrics, intake, "cashback");
        std::optional<MetricsServer> metrics_server;
        if (metrics_listen) {
            metrics_server.emplace(*metrics_listen, metrics);
        }
        log_.info("started", {{"redis", redis.text()},
                              {"networks", static_cast<std::int64_t>(names_.size())}});
        std::vector<std::thread> threads;
        for (auto& watch : watches_) {
            threads.emplace_back([&watch] { watch->run(); });
        }
        threads.emplace_back([this] { keeper_.run(); });
        threads.emplace_back([&intake] { intake.run(); });
        for (auto& desk : desks_) {
            desk.runner->start();
        }
        const bool ended = join_desks();
        for (auto& thread : threads) {
            thread.join();
        }
        log_.info("stopped");
        return ended;
    }

  private:
    void make_desks(Heartbeat& heartbeat) {
        const auto add = [&](const JobTable& table, const JobRunner::Action& action,
                             std::unique_ptr<NetworkJobs> jobs) {
            auto counted = [action, &heartbeat](PgConnection& pg, const Job& job) {
                action(pg, job);
                heartbeat.count_jobs(1);
            };
            desks_.push_back({std::move(jobs), std::make_unique<JobRunner>(
                                                   table, database_url_, desk_options(), counted,
                                                   JobRunner::OnDead(), stop_, log_)});
        };
        for (auto& network : asked_) {
            auto jobs = std::make_unique<NetworkJobs>(std::move(network), settings_, effects_,
                                                      totals_, stop_, log_);
            auto* const own = jobs.get();
            add(
                own->table(), [own](PgConnection& pg, const Job& job) { own->work(pg, job); },
                std::move(jobs));
        }
        add(
            unassigned_.table(),
            [this](PgConnection& pg, const Job& job) { unassigned_.work(pg, job); }, nullptr);
    }

    void add_metrics(Metrics& metrics, const WorkerIdentity& identity, const Heartbeat& heartbeat,
                     const RedisAddress& redis) {
        add_worker_metrics(metrics, identity, heartbeat);
        add_queue_metrics(metrics, redis, "cashback");
        add_table_metrics(metrics, database_url_, {"cashback_jobs"});
        add_cashback_metrics(metrics, database_url_);
        std::vector<const JobRunner*> runners;
        for (const auto& desk : desks_) {
            runners.push_back(desk.runner.get());
        }
        add_runner_metrics(metrics, runners);
        metrics.add([this](MetricsText& out) {
            totals_.write(out);
            out.gauge("coupon_cashback_unmatched_alert",
                      "1: more of the last day's transactions are unmatched than UNMATCHED_ALERT.",
                      keeper_.alerting() ? 1 : 0);
        });
    }

    void wake_desks() {
        for (auto& desk : desks_) {
            desk.runner->wake();
        }
    }

    // Beside each other: the grace time is one for all.
    bool join_desks() {
        std::vector<std::future<bool>> joins;
        for (auto& desk : desks_) {
            joins.push_back(
                std::async(std::launch::async, [&desk] { return desk.runner->join(); }));
        }
        bool ended = true;
        for (auto& join : joins) {
            ended = join.get() && ended;
        }
        return ended;
    }

    const CashbackSettings settings_ = configured_cashback();
    const std::string database_url_;
    const StopSignal& stop_;
    const Log& log_;
    Networks watched_, asked_;
    const std::vector<std::string> names_;
    const EffectSettings effects_;
    const UnassignedJobs unassigned_;
    CashbackTotals totals_;
    LedgerKeeper keeper_;
    std::vector<std::unique_ptr<NetworkWatch>> watches_;
    std::vector<Desk> desks_;
};

}  // namespace

int run_cashback(const std::string& database_url, const RedisAddress& redis,
                 const WorkerIdentity& identity, const CashbackOptions& options,
                 const StopSignal& stop, const Log& log,
                 const std::optional<ListenAddress>& metrics_listen) {
    CashbackRole role(database_url, redis, stop, log);
    if (options.once) {
        return role.run_once() ? 0 : 1;
    }
    if (!role.run(redis, identity, metrics_listen)) {
        // Threads that still run an action use what destructors would take from them.
        std::_Exit(0);
    }
    return 0;
}

}  // namespace coupon
