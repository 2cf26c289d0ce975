// As much of NGINX's configuration as says where its secrets and the journal are.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace coupon::doctor {

struct NginxDirective {
    std::vector<std::string> words;  // its name first
    int line;
};

// Every directive of the text, in order and from all blocks; a block's own words are one as well.
// What is no configuration gives what can be made of it.
std::vector<NginxDirective> read_directives(std::string_view text);

struct NamedSecret {
    std::string directive, path;
    int line;
};

struct NginxSettings {
    std::vector<NamedSecret> secrets;  // of file:PATH
    std::string journal;               // coupon_journal's folder
    unsigned long long budget_bytes = 0;  // of its size= and webhooks=, or their defaults
    std::string user;                  // whom the workers run as
    std::vector<std::string> modules;  // of load_module
    std::vector<std::string> includes; // as they stand there
};

void add_settings(const std::vector<NginxDirective>& directives, NginxSettings& settings);

}  // namespace coupon::doctor
