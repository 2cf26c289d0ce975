#include "couponctl/autoscale_units.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <sstream>
#include <string_view>

#include "couponctl/run_program.hpp"
#include "runtime/error.hpp"

namespace coupon {
namespace {

constexpr int systemctl_timeout_ms = 30'000;

std::string unit_prefix(const std::string& role) {
    return "coupon-worker-" + role + "@";
}

// Instances that are no plain number are somebody else's.
std::optional<int> number_of(std::string_view unit, const std::string& prefix) {
    constexpr std::string_view suffix = ".service";
    if (!unit.starts_with(prefix) || !unit.ends_with(suffix)) {
        return std::nullopt;
    }
    unit.remove_prefix(prefix.size());
    unit.remove_suffix(suffix.size());
    int number = 0;
    const auto result = std::from_chars(unit.data(), unit.data() + unit.size(), number);
    if (result.ec != std::errc() || result.ptr != unit.data() + unit.size() || number < 1) {
        return std::nullopt;
    }
    return number;
}

std::string run_systemctl(const std::string& systemctl, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), systemctl);
    const auto end = run_program(arguments, systemctl_timeout_ms);
    if (!end.failure.empty()) {
        throw CommandError("autoscale: " + systemctl + " " + arguments[1] + ": " + end.failure);
    }
    return end.output;
}

}  // namespace

RoleUnits Systemd::units(const std::string& role) const {
    const auto prefix = unit_prefix(role);
    std::istringstream lines(
        run_systemctl(systemctl_, {"list-units", "--all", "--full", "--plain", "--no-legend",
                                   "--no-pager", "--type=service", prefix + "*.service"}));
    RoleUnits found;
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string unit;
        std::string load;
        std::string active;
        words >> unit >> load >> active;
        const auto number = number_of(unit, prefix);
        if (number && (active == "active" || active == "activating" || active == "reloading")) {
            found.running.push_back(*number);
        } else if (number && active == "failed") {
            found.failed.push_back(*number);
        }
    }
    std::sort(found.running.begin(), found.running.end());
    std::sort(found.failed.begin(), found.failed.end());
    return found;
}

void Systemd::start(const std::string& role, const std::vector<int>& numbers) const {
    ask("start", role, numbers);
}

void Systemd::stop(const std::string& role, const std::vector<int>& numbers) const {
    ask("stop", role, numbers);
}

void Systemd::ask(const char* verb, const std::string& role,
                  const std::vector<int>& numbers) const {
    if (numbers.empty()) {
        return;
    }
    std::vector<std::string> arguments{verb, "--no-block"};
    for (const int number : numbers) {
        arguments.push_back(unit_prefix(role) + std::to_string(number) + ".service");
    }
    run_systemctl(systemctl_, std::move(arguments));
}

}  // namespace coupon
