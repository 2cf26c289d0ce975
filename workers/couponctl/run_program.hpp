// Runs another program to its end and keeps what it says. No shell is involved.
#pragma once

#include <string>
#include <vector>

namespace coupon {

struct ProgramEnd {
    std::string output;   // both of its outputs, the first 64 KiB
    std::string failure;  // empty where it left with 0; else why not, with its first line
};

// words[0] is its path, or a name to be looked for in PATH. Killed after `timeout_ms`.
ProgramEnd run_program(const std::vector<std::string>& words, int timeout_ms);

}  // namespace coupon
