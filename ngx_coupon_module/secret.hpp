// Secrets named in the configuration: env:NAME (fixed for the master's life) or file:PATH
// (read again at each reload). Their values never reach a log or an error text.
#pragma once

#include "nginx.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace coupon {

struct SecretResult {
    std::vector<std::string> values;  // empty on failure
    std::string error;                // what is wrong and what to do; empty on success
};

// What separates several secrets. Those that a stranger's dashboard made may hold commas.
enum class SecretSplit { none, lines, lines_and_commas };

// Reads `source`. An env:NAME is added to NGINX's `env` list, so that a binary upgrade hands
// it on.
SecretResult read_secret(ngx_conf_t* cf, std::string_view source, SecretSplit split);

}  // namespace coupon
