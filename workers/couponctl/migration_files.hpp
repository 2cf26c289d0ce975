// The numbered files of sql/.
#pragma once

#include <string>
#include <vector>

namespace coupon {

struct MigrationFile {
    std::string name;  // 0001_shop_tables.sql
    std::string text;
    std::string digest;  // SHA-256 of the text, in hex
};

// In the order of their names. An empty directory name means: beside the program, where it is
// installed, or its source tree. Throws ConfigError where there is none.
std::vector<MigrationFile> read_migration_files(const std::string& directory);

}  // namespace coupon
