#include <unistd.h>

#include <filesystem>
#include <future>

#include "couponctl/doctor/look_machine.hpp"
#include "couponctl/run_program.hpp"
#include "operations/worker_roles.hpp"

namespace coupon::doctor {
namespace {

namespace fs = std::filesystem;

constexpr int timeout_ms = 15'000;

// Never by PATH: doctor is run by root, and PATH may hold a folder that others write.
std::string worker_path() {
    std::error_code error;
    const auto beside = fs::read_symlink("/proc/self/exe", error).parent_path() / "coupon-worker";
    for (const auto& path : {beside, fs::path("/usr/bin/coupon-worker"), fs::path("/usr/local/bin/coupon-worker")}) {
        if (path.is_absolute() && fs::exists(path, error)) {
            return path.string();
        }
    }
    return "/usr/bin/coupon-worker";
}

// "coupon-worker email: FROM_EMAIL is not set…", a line each. Redis and PostgreSQL have findings of
// their own.
SettingsFacts check(const std::string& program, const std::string& role) {
    SettingsFacts facts;
    facts.role = role;
    const auto end = run_program({program, role, "--check"}, timeout_ms);
    facts.good = end.failure.empty();
    const auto start = "coupon-worker " + role + ": ";
    std::size_t at = 0;
    while (!facts.good && at < end.output.size()) {
        const auto line = end.output.substr(at, end.output.find('\n', at) - at);
        at += line.size() + 1;
        if (line.starts_with(start)) {
            facts.complaints.push_back(line.substr(start.size()));
        }
    }
    if (!facts.good && facts.complaints.empty()) {
        facts.failure = program + " " + end.failure;
    }
    return facts;
}

}  // namespace

std::vector<SettingsFacts> look_at_settings() {
    const auto program = worker_path();
    std::vector<std::future<SettingsFacts>> checks;
    for (const auto role : worker_roles) {
        checks.push_back(std::async(std::launch::async, check, program, std::string(role)));
    }
    std::vector<SettingsFacts> facts;
    for (auto& one : checks) {
        facts.push_back(one.get());
    }
    return facts;
}

}  // namespace coupon::doctor
