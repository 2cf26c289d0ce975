#include "couponctl/doctor/doctor.hpp"

#include <chrono>
#include <cstdlib>
#include <future>
#include <memory>
#include <thread>

#include "couponctl/doctor/judges/report.hpp"
#include "couponctl/doctor/look_machine.hpp"
#include "couponctl/doctor/look_nginx.hpp"
#include "couponctl/doctor/look_postgres.hpp"
#include "couponctl/doctor/look_redis.hpp"
#include "runtime/installation.hpp"

namespace coupon {
namespace {

using namespace doctor;
using steady = std::chrono::steady_clock;

constexpr std::chrono::seconds patience{30};

// A look that runs beside the others. A dead file server may keep it for ever, so nobody waits for
// its thread.
template <class Result>
class Look {
  public:
    template <class Function>
    explicit Look(Function function) {
        std::packaged_task<Result()> task(std::move(function));
        result_ = task.get_future().share();
        std::thread(std::move(task)).detach();
    }

    // Null where it is not done in time.
    [[nodiscard]] const Result* by(steady::time_point deadline) const {
        return result_.wait_until(deadline) == std::future_status::ready ? &result_.get() : nullptr;
    }

  private:
    std::shared_future<Result> result_;
};

class Examination {
  public:
    explicit Examination(const DoctorOptions& options)
        : options_(options), lead_us_(wall_clock_lead_us()), deadline_(steady::now() + patience) {}

    Findings run() {
        const Look<RedisLook> redis(look_at_redis);
        const Look<PostgresLook> postgres(
            [directory = options_.sql_directory] { return look_at_postgres(directory); });
        const Look<NginxLook> nginx([options = options_] {
            return look_at_nginx(options.nginx, options.configuration, options.module);
        });
        const Look<EdgeFacts> edge([none = options_.without_edge] {
            return none ? EdgeFacts() : look_at_edge();
        });
        const Look<std::vector<SettingsFacts>> settings(look_at_settings);
        const Look<ClockFacts> clock(look_at_clock);

        const auto* of_redis = in_time(redis, "Redis");
        const auto* of_postgres = in_time(postgres, "PostgreSQL");
        const auto* of_nginx = in_time(nginx, "Programs");
        const NginxLook none;
        const auto& nginx_look = of_nginx != nullptr ? *of_nginx : none;
        const auto journal_folder =
            options_.journal.empty() ? nginx_look.settings.journal : options_.journal;
        const Look<JournalFacts> journal([journal_folder, settings = nginx_look.settings] {
            return journal_folder.empty() ? JournalFacts() : look_at_journal(journal_folder, settings);
        });
        const Look<SecretsLook> secrets(
            [settings = nginx_look.settings] { return look_at_secrets(settings); });

        if (of_redis != nullptr) {
            add(judge_redis(of_redis->facts));
        }
        if (of_postgres != nullptr) {
            add(judge_postgres(of_postgres->facts));
        }
        const auto* of_edge = in_time(edge, "Edge");
        add_connections(of_redis, of_postgres, of_edge);
        if (const auto* facts = in_time(journal, "Journal"); facts != nullptr && !journal_folder.empty()) {
            add(judge_journal(*facts));
        }
        add_clock(in_time(clock, "Clock"), of_redis, of_postgres);
        if (const auto* look = in_time(secrets, "Secrets")) {
            add(judge_secrets(look->secrets, look->keys));
        }
        add(judge_programs(nginx_look.facts, nginx_look.module, program_version));
        if (of_edge != nullptr && !options_.without_edge) {
            add(judge_edge(*of_edge, nginx_look.facts, program_version));
        }
        add_workers(of_redis, of_postgres, in_time(settings, "Settings"));
        return std::move(findings_);
    }

    // Whether a look still runs.
    [[nodiscard]] bool hangs() const { return hangs_; }

  private:
    void add(const Findings& more) { findings_.insert(findings_.end(), more.begin(), more.end()); }

    template <class Result>
    const Result* in_time(const Look<Result>& look, const std::string& group) {
        const auto* result = look.by(deadline_);
        if (result == nullptr) {
            Notes notes(group, "this machine");
            notes.problem("it gave no answer within " + std::to_string(patience.count()) + " s",
                          "does a disk, a file server or a process hang (dmesg, ps -eo state,cmd)?");
            add(notes.take());
            hangs_ = true;
        }
        return result;
    }

    void add_connections(const RedisLook* redis, const PostgresLook* postgres,
                         const EdgeFacts* edge) {
        if (postgres == nullptr || !postgres->connections) {
            return;
        }
        auto facts = *postgres->connections;
        const auto workers_an_edge = edge != nullptr ? static_cast<int>(edge->workers) : 0;
        facts.ours_most = postgres->edges * (workers_an_edge + 1);
        if (redis != nullptr) {
            for (const auto& worker : redis->workers.running) {
                facts.ours_most += worker.alive ? connections_of(worker.role) : 0;
            }
        }
        add(judge_connections(facts));
    }

    void add_clock(const ClockFacts* clock, const RedisLook* redis, const PostgresLook* postgres) {
        if (clock == nullptr) {
            return;
        }
        auto facts = *clock;
        if (postgres != nullptr && postgres->clock) {
            facts.others.push_back(*postgres->clock);
        }
        if (redis != nullptr && redis->clock) {
            facts.others.push_back(*redis->clock);
        }
        facts.stepped_us = wall_clock_lead_us() - lead_us_;
        add(judge_clock(facts));
    }

    void add_workers(const RedisLook* redis, const PostgresLook* postgres,
                     const std::vector<SettingsFacts>* settings) {
        WorkerFacts facts;
        facts.failure = "Redis does not tell";
        if (redis != nullptr) {
            facts = redis->workers;
        }
        if (postgres != nullptr) {
            facts.needed.insert(postgres->needed.begin(), postgres->needed.end());
        }
        add(judge_workers(facts, program_version));
        if (settings != nullptr) {
            add(judge_settings(*settings, facts));
        }
    }

    const DoctorOptions& options_;
    const std::int64_t lead_us_;
    const steady::time_point deadline_;
    Findings findings_;
    bool hangs_ = false;
};

}  // namespace

int examine(const DoctorOptions& options, std::ostream& out) {
    Examination examination(options);
    const auto findings = examination.run();
    options.as_json ? print_json(findings, out) : print_table(findings, out);
    out.flush();
    if (examination.hangs()) {
        // What a look uses that still runs is not to be destroyed beneath it.
        std::_Exit(exit_code_of(findings));
    }
    return exit_code_of(findings);
}

void add_doctor_command(CLI::App& app, std::ostream& out, int& exit_code) {
    auto options = std::make_shared<DoctorOptions>();
    auto* doctor = app.add_subcommand(
        "doctor",
        "Look at Redis, PostgreSQL, the journal's disk, clocks, secrets, programs and workers, and say "
        "what to do; changes nothing. Exit code 1 where there is a problem");
    doctor->add_option("--journal", options->journal,
                       "The edge's journal folder; default: as NGINX's configuration has it");
    doctor->add_option("--nginx", options->nginx, "NGINX's program; default: /usr/sbin/nginx");
    doctor->add_option("--nginx-conf", options->configuration,
                       "Its configuration; default: what the program names");
    doctor->add_option("--module", options->module,
                       "The module's file; default: what the configuration loads");
    doctor->add_option("--sql", options->sql_directory,
                       "Directory of the migrations; default: the installed ones");
    doctor->add_flag("--no-edge", options->without_edge, "Do not ask the edge at COUPON_EDGE_URL");
    doctor->add_flag("--json", options->as_json, "As JSON");
    doctor->callback([options, &out, &exit_code] { exit_code = examine(*options, out); });
}

}  // namespace coupon
