// How our programs answer to a command line they cannot use.
#pragma once

#include <CLI/CLI.hpp>
#include <iostream>
#include <string>

namespace coupon {

// Prints help or version where that was asked for (exit code 0), else one sentence (2).
inline int answer_parse_error(const CLI::App& app, const CLI::ParseError& error, int argc,
                              char** argv) {
    if (error.get_exit_code() == 0) {
        return app.exit(error);
    }
    const std::string program = app.get_name();
    std::string text = error.what();
    const auto is_named = [argv](const CLI::App* command) { return command->check_name(argv[1]); };
    if (argc > 1 && argv[1][0] != '-' && app.get_subcommands(is_named).empty()) {
        text = "there is no command " + std::string(argv[1]);
    }
    std::cerr << program << ": " << text << "; see " << program << " --help\n";
    return 2;
}

}  // namespace coupon
