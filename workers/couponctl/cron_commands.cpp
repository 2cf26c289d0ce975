#include "couponctl/cron_commands.hpp"

#include <memory>

#include "couponctl/cron_run.hpp"
#include "couponctl/cron_tables.hpp"

namespace coupon {

void add_cron_commands(CLI::App& app, std::ostream& out, int& exit_code) {
    auto* cron =
        app.add_subcommand("cron", "Jobs at their times: list, run, history (DATABASE_URL)")
            ->require_subcommand(1);

    auto as_json = std::make_shared<bool>(false);
    auto* list = cron->add_subcommand(
        "list", "The jobs, when each is due, how its last run ended; and which worker leads");
    list->add_flag("--json", *as_json, "As JSON");
    list->callback([as_json, &out] { list_cron_jobs(*as_json, out); });

    auto wanted = std::make_shared<CronRunOptions>();
    auto* run = cron->add_subcommand("run", "Have the worker that leads run a job now");
    run->add_option("job", wanted->job, "Its name, as in cron list")->required();
    run->add_flag("--wait", wanted->wait, "Wait for its end; exit code 1 when it failed");
    run->add_option("--actor", wanted->actor, "Who asks, for audit_logs; default: user@host");
    run->callback([wanted, &out, &exit_code] { exit_code = run_cron_job(*wanted, out); });

    auto filter = std::make_shared<CronHistoryFilter>();
    auto* history =
        cron->add_subcommand("history", "Runs and what they did; a line each, newest first");
    history->add_option("job", filter->job, "One job; default: all");
    history->add_option("--limit", filter->limit, "Most rows")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
    history->add_flag("--json", filter->as_json, "As JSON");
    history->callback([filter, &out] { list_cron_runs(*filter, out); });
}

}  // namespace coupon
