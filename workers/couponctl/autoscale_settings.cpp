#include "couponctl/autoscale_settings.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <sstream>
#include <string_view>

#include "runtime/environment.hpp"
#include "runtime/error.hpp"

namespace coupon {
namespace {

constexpr std::array<std::string_view, 4> scaled_roles{"clicks", "webhooks", "email", "sms"};
// One instance of these works at a time, whatever waits: more of them would only stand by.
constexpr std::array<std::string_view, 3> single_roles{"cashback", "cron", "admin"};

constexpr std::string_view prefix = "AUTOSCALE_";
constexpr int instances_max = 50;
constexpr std::int64_t pending_max = 1'000'000;

template <typename Roles>
bool is_in(const Roles& roles, std::string_view name) {
    return std::find(roles.begin(), roles.end(), name) != roles.end();
}

std::string variable_of(std::string_view role) {
    std::string name(prefix);
    for (const char c : role) {
        name += static_cast<char>(c - 'a' + 'A');
    }
    return name;
}

[[noreturn]] void refuse_role(const std::string& given, std::string_view role) {
    if (is_in(single_roles, role)) {
        throw ConfigError(given + ": the " + std::string(role) +
                          " role is not scaled, since one instance of it works at a time; start "
                          "coupon-worker-" +
                          std::string(role) + "@1.service instead");
    }
    throw ConfigError(given +
                      ": there is no such role to scale; there are clicks, webhooks, email "
                      "and sms");
}

// A misspelt variable would leave a role unscaled without a word.
void look_for_strangers() {
    for (char** entry = environ; *entry != nullptr; ++entry) {
        std::string name(*entry);
        name.resize(std::min(name.find('='), name.size()));
        if (!name.starts_with(prefix)) {
            continue;
        }
        std::string role = name.substr(prefix.size());
        if (role.ends_with("_FILE")) {
            role.resize(role.size() - 5);
        }
        std::transform(role.begin(), role.end(), role.begin(),
                       [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
        if (!is_in(scaled_roles, role) || !name.starts_with(variable_of(role))) {
            refuse_role(name, role);
        }
    }
}

std::optional<std::int64_t> whole_number(const std::string& text) {
    std::int64_t value = 0;
    const auto* end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, value);
    if (result.ec != std::errc() || result.ptr != end) {
        return std::nullopt;
    }
    return value;
}

ScaleLimits parse_limits(const std::string& variable, const std::string& text) {
    const auto refuse = [&variable](const std::string& why) {
        throw ConfigError(variable + ": " + why);
    };
    std::istringstream words(text);
    std::vector<std::int64_t> numbers;
    for (std::string word; words >> word;) {
        const auto number = whole_number(word);
        if (!number) {
            refuse("\"" + word + "\" is no whole number");
        }
        numbers.push_back(*number);
    }
    if (numbers.size() != 4) {
        refuse("it takes four numbers, \"min max up down\" such as \"2 5 1000 100\"; there are " +
               std::to_string(numbers.size()));
    }
    if (numbers[0] < 1) {
        refuse("min is " + std::to_string(numbers[0]) + "; at least 1 instance has to run");
    }
    if (numbers[1] < numbers[0] || numbers[1] > instances_max) {
        refuse("max is " + std::to_string(numbers[1]) + "; it has to be from min, " +
               std::to_string(numbers[0]) + ", to " + std::to_string(instances_max));
    }
    if (numbers[3] < 1 || numbers[3] >= numbers[2]) {
        refuse("down is " + std::to_string(numbers[3]) + " and up is " +
               std::to_string(numbers[2]) +
               "; down has to be at least 1 and less than up, or instances would be started and "
               "stopped all the time");
    }
    if (numbers[2] > pending_max) {
        refuse("up is " + std::to_string(numbers[2]) + "; at most " + std::to_string(pending_max) +
               " pending jobs are counted");
    }
    return {static_cast<int>(numbers[0]), static_cast<int>(numbers[1]), numbers[2], numbers[3]};
}

}  // namespace

std::vector<ScaledRole> configured_scaling(const std::vector<std::string>& named) {
    look_for_strangers();
    for (const auto& name : named) {
        if (!is_in(scaled_roles, name)) {
            refuse_role(name, name);
        }
    }
    std::vector<ScaledRole> roles;
    for (const auto role : scaled_roles) {
        const bool is_named = is_in(named, role);
        const auto variable = variable_of(role);
        const auto text = environment_value(variable);
        if (is_named || (named.empty() && text)) {
            roles.push_back(
                {std::string(role), text ? parse_limits(variable, *text) : ScaleLimits{}});
        }
    }
    if (roles.empty()) {
        throw ConfigError(
            "autoscale: no role is named and no AUTOSCALE_<ROLE> is set, such as "
            "AUTOSCALE_EMAIL=\"2 5 1000 100\" (min, max, up, down)");
    }
    return roles;
}

}  // namespace coupon
