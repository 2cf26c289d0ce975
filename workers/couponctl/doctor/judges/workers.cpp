#include "couponctl/doctor/judges/workers.hpp"

#include <algorithm>

namespace coupon::doctor {
namespace {

std::string start(const std::string& role) {
    return "systemctl enable --now coupon-worker-" + role + "@1";
}

}  // namespace

Findings judge_workers(const WorkerFacts& facts, const std::string& our_version) {
    Notes notes("Workers", "heartbeats");
    if (!facts.failure.empty()) {
        notes.problem("which workers run is not known: " + facts.failure, "see Redis");
        return notes.take();
    }
    std::map<std::string, int> living;
    for (const auto& worker : facts.running) {
        if (!worker.alive) {
            notes.warn("it was killed a moment ago", "journalctl -u 'coupon-worker-" + worker.role + "@*'",
                       worker.id);
            continue;
        }
        ++living[worker.role];
        if (worker.version != our_version) {
            notes.warn("it is version " + worker.version + ", and couponctl is " + our_version,
                       "systemctl restart 'coupon-worker-" + worker.role + "@*' after the upgrade",
                       worker.id);
        }
    }
    for (const auto& [role, count] : living) {
        notes.fine(std::to_string(count) + (count == 1 ? " runs" : " run"), role);
    }
    for (const auto& [role, why] : facts.needed) {
        if (living.count(role) == 0) {
            notes.problem("none runs, and " + why, start(role), role);
        }
    }
    return notes.take();
}

Findings judge_settings(const std::vector<SettingsFacts>& roles, const WorkerFacts& workers) {
    Notes notes("Settings", "");
    for (const auto& role : roles) {
        const auto where = "coupon-worker " + role.role + " --check";
        const bool counts =
            workers.needed.count(role.role) > 0 ||
            std::any_of(workers.running.begin(), workers.running.end(),
                        [&](const RunningWorker& one) { return one.role == role.role; });
        if (!role.failure.empty()) {
            notes.warn(role.failure, "install coupon-worker beside couponctl", where);
        } else if (role.good) {
            notes.fine("it has what it needs", where);
        } else if (counts) {
            for (const auto& complaint : role.complaints) {
                notes.warn(complaint,
                           "set it for the worker (/etc/coupon/worker.env), or for couponctl where "
                           "only that lacks it",
                           where);
            }
        } else {
            notes.fine("no such worker runs or is needed; it would lack " +
                           std::to_string(role.complaints.size()) + " settings",
                       where);
        }
    }
    return notes.take();
}

}  // namespace coupon::doctor
