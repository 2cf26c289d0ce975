#include "couponctl/autoscale.hpp"

#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "couponctl/autoscale_pending.hpp"
#include "couponctl/autoscale_plan.hpp"
#include "couponctl/autoscale_settings.hpp"
#include "couponctl/autoscale_state.hpp"
#include "couponctl/autoscale_units.hpp"
#include "runtime/clock.hpp"
#include "runtime/error.hpp"

namespace coupon {
namespace {

struct Decision {
    ScaledRole role;
    PendingJobs pending;
    RoleUnits units;
    ScalePlan plan;
    std::string failure;  // what systemctl said when it was asked to act

    [[nodiscard]] std::size_t wanted() const {
        return units.running.size() + plan.start.size() - plan.stop.size();
    }
};

std::string listed(const std::vector<int>& numbers) {
    std::string text;
    for (const int number : numbers) {
        text += (text.empty() ? "" : ", ") + std::to_string(number);
    }
    return text;
}

std::vector<Decision> decide(const std::vector<ScaledRole>& roles, const ScaleState& state,
                             const Systemd& systemd, int calm, std::int64_t now_s) {
    std::vector<Decision> decisions;
    PendingCounter counter;
    try {
        for (const auto& role : roles) {
            Decision decision{role, counter.count(role.name), systemd.units(role.name), {}, {}};
            decision.plan = plan_scaling(role.limits, decision.pending, decision.units.running,
                                         state.low_readings(role.name, now_s), calm);
            decisions.push_back(std::move(decision));
        }
    } catch (const ConfigError&) {
        throw;
    } catch (const std::exception& failure) {
        throw CommandError(std::string("nothing is started or stopped: ") + failure.what());
    }
    return decisions;
}

void act(const Systemd& systemd, Decision& decision) {
    try {
        systemd.start(decision.role.name, decision.plan.start);
        systemd.stop(decision.role.name, decision.plan.stop);
    } catch (const CommandError& failure) {
        decision.failure = failure.what();
    }
}

std::string sentence(const Decision& decision, bool dry_run) {
    const auto& [start, stop, low_readings, reason] = decision.plan;
    const auto running = decision.units.running.size();
    std::string text = decision.role.name + ": " + reason + ": ";
    if (start.empty() && stop.empty()) {
        text += std::to_string(running) + (running == 1 ? " instance stays" : " instances stay");
    } else {
        const auto& numbers = start.empty() ? stop : start;
        text += std::to_string(running) + " → " + std::to_string(decision.wanted()) +
                " instances, " + (dry_run ? "would " : "") + (start.empty() ? "stop" : "start") +
                (dry_run ? " " : (start.empty() ? "ping " : "ing ")) + listed(numbers);
    }
    if (!decision.units.failed.empty()) {
        text += "; failed: " + listed(decision.units.failed) + " (journalctl -u coupon-worker-" +
                decision.role.name + "@" + std::to_string(decision.units.failed.front()) + ")";
    }
    return text;
}

nlohmann::ordered_json as_json(const Decision& decision) {
    nlohmann::ordered_json object{
        {"role", decision.role.name},        {"pending", decision.pending.total()},
        {"queued", decision.pending.queued}, {"due", decision.pending.due},
        {"running", decision.units.running}, {"failed", decision.units.failed},
        {"wanted", decision.wanted()},       {"start", decision.plan.start},
        {"stop", decision.plan.stop},        {"reason", decision.plan.reason}};
    if (!decision.failure.empty()) {
        object["error"] = decision.failure;
    }
    return object;
}

void show(const std::vector<Decision>& decisions, const AutoscaleOptions& options,
          std::ostream& out) {
    if (!options.as_json) {
        for (const auto& decision : decisions) {
            out << sentence(decision, options.dry_run) << '\n';
        }
        return;
    }
    auto roles = nlohmann::ordered_json::array();
    for (const auto& decision : decisions) {
        roles.push_back(as_json(decision));
    }
    out << nlohmann::ordered_json{{"dry_run", options.dry_run}, {"roles", roles}}.dump(
               2, ' ', true, nlohmann::ordered_json::error_handler_t::replace)
        << '\n';
}

}  // namespace

int autoscale(const AutoscaleOptions& options, std::ostream& out) {
    const auto roles = configured_scaling(options.roles);
    const auto now_s = unix_now_s();
    const Systemd systemd(options.systemctl);
    ScaleState state(options.state);
    auto decisions = decide(roles, state, systemd, options.calm, now_s);
    if (!options.dry_run) {
        for (const auto& decision : decisions) {
            state.set_low_readings(decision.role.name, decision.plan.low_readings, now_s);
        }
        state.save();  // first: where it cannot be, nothing is changed either
        for (auto& decision : decisions) {
            act(systemd, decision);
        }
    }
    show(decisions, options, out);
    int exit_code = 0;
    for (const auto& decision : decisions) {
        if (!decision.failure.empty()) {
            std::cerr << "couponctl: " << decision.failure << '\n';
            exit_code = 1;
        }
    }
    return exit_code;
}

void add_autoscale_command(CLI::App& app, std::ostream& out, int& exit_code) {
    auto options = std::make_shared<AutoscaleOptions>();
    auto* command = app.add_subcommand(
        "autoscale",
        "Start and stop instances of clicks, webhooks, email and sms on this machine by how much "
        "waits (REDIS_URL, DATABASE_URL, AUTOSCALE_<ROLE>=\"min max up down\")");
    command->add_option("roles", options->roles, "Roles; default: those with an AUTOSCALE_<ROLE>");
    command
        ->add_option("--calm", options->calm,
                     "Readings in a row below `down` before instances are stopped")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    command->add_option("--state", options->state, "File that keeps those readings")
        ->capture_default_str();
    command->add_option("--systemctl", options->systemctl, "The program that starts and stops")
        ->capture_default_str();
    command->add_flag("--dry-run", options->dry_run, "Only say what would be done");
    command->add_flag("--json", options->as_json, "As JSON");
    command->callback([options, &out, &exit_code] { exit_code = autoscale(*options, out); });
}

}  // namespace coupon
