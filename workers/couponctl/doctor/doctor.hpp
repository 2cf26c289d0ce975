// couponctl doctor: is all that edges and workers stand on as it must be?
#pragma once

#include <CLI/CLI.hpp>
#include <ostream>
#include <string>

namespace coupon {

struct DoctorOptions {
    std::string journal;        // empty: where NGINX's configuration has it
    std::string nginx;          // the program
    std::string configuration;  // nginx.conf
    std::string module;
    std::string sql_directory;
    bool without_edge = false;  // this machine runs none, and none is asked
    bool as_json = false;
};

// Looks and tells; changes nothing. What cannot be asked is a finding, and nothing is waited for longer
// than half a minute. 1 where there is a problem, else 0.
int examine(const DoctorOptions& options, std::ostream& out);

void add_doctor_command(CLI::App& app, std::ostream& out, int& exit_code);

}  // namespace coupon
