// What is on this machine: the journal's folder, secrets' files, the clock, what workers lack.
#pragma once

#include <string>
#include <vector>

#include "couponctl/doctor/judges/clock.hpp"
#include "couponctl/doctor/judges/journal.hpp"
#include "couponctl/doctor/judges/nginx_conf.hpp"
#include "couponctl/doctor/judges/secrets.hpp"
#include "couponctl/doctor/judges/workers.hpp"

namespace coupon::doctor {

// Nothing is left in the folder: what its disk is measured with has no name.
JournalFacts look_at_journal(const std::string& directory, const NginxSettings& settings);

struct SecretsLook {
    std::vector<SecretFacts> secrets;
    ClickKeys keys;
};
SecretsLook look_at_secrets(const NginxSettings& settings);

// Of this machine alone: the others' clocks and what was set meanwhile are added to it.
ClockFacts look_at_clock();

// How far the wall clock is ahead of the one that only runs, in µs.
std::int64_t wall_clock_lead_us();

// coupon-worker <role> --check for each, at once.
std::vector<SettingsFacts> look_at_settings();

}  // namespace coupon::doctor
