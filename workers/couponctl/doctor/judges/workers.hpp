// The workers that run, those that are missing, and what their settings lack.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "couponctl/doctor/judges/finding.hpp"

namespace coupon::doctor {

struct RunningWorker {
    std::string id, role, version;
    bool alive = true;  // false: its process on this machine is gone
};

struct WorkerFacts {
    std::string failure;                          // why heartbeats could not be read
    std::vector<RunningWorker> running;
    std::map<std::string, std::string> needed;    // role → why
};

Findings judge_workers(const WorkerFacts& facts, const std::string& our_version);

// What coupon-worker <role> --check says.
struct SettingsFacts {
    std::string role;
    std::string failure;                // why it could not be asked
    bool good = false;
    std::vector<std::string> complaints;  // a sentence each
};

// Roles that neither run nor are needed may lack settings: nobody misses them.
Findings judge_settings(const std::vector<SettingsFacts>& roles, const WorkerFacts& workers);

}  // namespace coupon::doctor
