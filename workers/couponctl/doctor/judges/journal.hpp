// Where an edge's journal is: clicks and webhooks are nowhere else until they are delivered.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "couponctl/doctor/judges/finding.hpp"

namespace coupon::doctor {

struct JournalFacts {
    std::string directory;
    std::string failure;        // why it could not be looked at; empty: it could
    std::string file_system;    // "ext4", as the kernel names it
    std::string mount_point;
    std::string mount_options;  // "rw,relatime"
    unsigned mode = 0;          // permissions alone
    std::string owner;          // a user's name
    std::string expected_owner; // the user that NGINX's workers run as; empty: not known
    std::uint64_t free_bytes = 0;
    std::uint64_t free_files = 0;
    std::uint64_t files = 0;          // 0: the file system counts none
    std::uint64_t used_bytes = 0;     // by the journal
    std::uint64_t budget_bytes = 0;   // size= and webhooks= together; 0: not known
    std::optional<std::int64_t> sync_us;  // of 4 KB, the median; nothing where it was not measured
};

Findings judge_journal(const JournalFacts& facts);

}  // namespace coupon::doctor
