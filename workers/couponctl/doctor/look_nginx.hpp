// Asks NGINX's program and reads its configuration, without having it check that: its own check makes
// folders and opens logs.
#pragma once

#include <optional>
#include <string>

#include "couponctl/doctor/judges/nginx_conf.hpp"
#include "couponctl/doctor/judges/programs.hpp"

namespace coupon::doctor {

struct NginxLook {
    NginxFacts facts;
    std::string prefix, configuration;  // --prefix, and the file; empty: not known
    NginxSettings settings;
    std::string settings_failure;       // why the configuration could not be read
    std::optional<ModuleFacts> module;
};

// `program`, `configuration`, `module`: paths, or empty for what NGINX itself names.
NginxLook look_at_nginx(const std::string& program, const std::string& configuration,
                        const std::string& module);

// COUPON_EDGE_URL, or /stats of this machine.
EdgeFacts look_at_edge();

}  // namespace coupon::doctor
