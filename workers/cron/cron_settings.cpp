#include "cron/cron_settings.hpp"

#include <unistd.h>

#include <set>
#include <string_view>
#include <utility>

#include "cron/alerts/alerts_job.hpp"
#include "cron/expire_offers.hpp"
#include "cron/jobs/upkeep_jobs.hpp"
#include "cron/release_holds.hpp"
#include "cron/wallet_check.hpp"
#include "runtime/environment.hpp"
#include "runtime/error.hpp"

namespace coupon {
namespace {

constexpr std::string_view prefix = "CRON_";

std::vector<CronJob> all_jobs(const std::string& database_url) {
    std::vector<CronJob> jobs{expire_offers_job(), wallet_check_job(database_url),
                              release_holds_job()};
    for (auto& job : configured_upkeep_jobs()) {
        jobs.push_back(std::move(job));
    }
    jobs.push_back(alerts_job(
        configured_alerts(), parse_redis_url(required_environment("REDIS_URL", "where Redis is"))));
    return jobs;
}

std::string variable_of(const std::string& job) {
    std::string name(prefix);
    for (const char c : job) {
        name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    return name;
}

ScheduledJob scheduled(CronJob job) {
    const auto variable = variable_of(job.name);
    job.schedule = environment_value(variable).value_or(job.schedule);
    const auto schedule = CronSchedule::parse(job.schedule);
    if (!schedule) {
        throw ConfigError(variable +
                          " is no schedule: give one like \"daily 02:00\", \"weekly sun 03:30\", "
                          "\"hourly :15\", \"every 5m\" or \"off\"");
    }
    return {std::move(job), *schedule};
}

// A schedule for a job that is none would be believed to hold. Others use the prefix as well, so
// only what is a schedule is looked at.
void refuse_unknown(const std::set<std::string>& known) {
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view text = *entry;
        const auto end = text.find('=');
        if (!text.starts_with(prefix) || end == std::string_view::npos) {
            continue;
        }
        const std::string name(text.substr(0, end));
        if (known.count(name) == 0 && CronSchedule::parse(text.substr(end + 1))) {
            std::string names;
            for (const auto& one : known) {
                names += (names.empty() ? "" : ", ") + one;
            }
            throw ConfigError(name + " names no job of cron; there are " + names);
        }
    }
}

}  // namespace

CronSettings configured_cron(const std::string& database_url) {
    CronSettings settings;
    settings.zone = configured_time_zone("COUPON_TZ", settings.zone_name);
    settings.zone_name = environment_value("COUPON_TZ").value_or(settings.zone_name);
    std::set<std::string> known;
    for (auto& job : all_jobs(database_url)) {
        known.insert(variable_of(job.name));
        settings.jobs.push_back(scheduled(std::move(job)));
    }
    refuse_unknown(known);
    return settings;
}

}  // namespace coupon
