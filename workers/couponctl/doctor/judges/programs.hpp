// Whether the programs fit each other: NGINX, the module, couponctl, the edge that runs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "couponctl/doctor/judges/finding.hpp"

namespace coupon::doctor {

struct NginxFacts {
    std::string path;       // of the program
    std::string failure;    // why it could not be asked; empty: it answered
    std::string version;    // "1.22.1"
    std::string signature;  // which of NGINX's structures it was built with
};

struct ModuleFacts {
    std::string path;
    std::string failure;
    std::string nginx_version;  // what it was built for; empty: it does not tell
    std::string signature;
    std::string version;        // ours; empty: it does not tell
};

struct EdgeFacts {
    std::string url;
    std::string failure;        // why it does not answer; empty: it does
    std::string edge;           // its id
    std::string nginx_version;  // as the Server header has it; may be empty
    std::string version;        // ours; empty: it does not tell
    bool has_catalog = false, loaded = false, complete = false;
    std::int64_t entries = 0, evictions = 0;
    bool redis = false, postgres = false;
    std::int64_t workers = 0;
    std::int64_t oldest_unsettled_s = 0;
    bool sending_paused = false;
    std::uint64_t journal_used_bytes = 0, journal_budget_bytes = 0;
};

Findings judge_programs(const NginxFacts& nginx, const std::optional<ModuleFacts>& module,
                        const std::string& our_version);
Findings judge_edge(const EdgeFacts& edge, const NginxFacts& nginx, const std::string& our_version);

}  // namespace coupon::doctor
