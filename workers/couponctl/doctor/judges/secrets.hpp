// Files with secrets: who can read them, and whether what they hold can be one.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "couponctl/doctor/judges/finding.hpp"

namespace coupon::doctor {

struct SecretFacts {
    std::string name;            // REDIS_URL_FILE, or a directive with its place
    std::string path;            // empty: it stands in the environment itself
    std::string failure;         // why it could not be read
    unsigned mode = 0;
    bool foreign_owner = false;  // neither root's nor that of who runs this
    bool common_group = false;   // its group is not root's, and may be one that other users are in
    std::string open_folder;     // the first folder above it that others may write, if any
    std::size_t shortest = 0;    // bytes of the shortest of its values; 0: it holds none
    std::size_t least = 1;       // bytes that one must have
    bool hex_key = false;        // each value must be 32 hexadecimal digits
    bool all_hex = true;
    bool stray_space = false;    // a value begins or ends with a space, tab or carriage return
};

// Digests of the click keys, the one that signs first; nothing where they could not be read.
struct ClickKeys {
    std::optional<std::vector<std::string>> edge, worker;
};

Findings judge_secrets(const std::vector<SecretFacts>& secrets, const ClickKeys& keys);

}  // namespace coupon::doctor
