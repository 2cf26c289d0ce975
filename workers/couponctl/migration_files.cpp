#include "couponctl/migration_files.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "core/hex.hpp"
#include "runtime/error.hpp"
#include "runtime/installation.hpp"

namespace coupon {
namespace {

namespace fs = std::filesystem;

bool is_migration_name(const std::string& name) {
    return name.size() > 9 && name.ends_with(".sql") && name[4] == '_' &&
           std::all_of(name.begin(), name.begin() + 4,
                       [](unsigned char c) { return std::isdigit(c); });
}

std::vector<fs::path> migration_paths(const fs::path& directory) {
    std::vector<fs::path> paths;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(directory, error)) {
        if (is_migration_name(entry.path().filename().string())) {
            paths.push_back(entry.path());
        }
    }
    std::sort(paths.begin(), paths.end());
    return paths;
}

std::vector<fs::path> find_paths(const std::string& directory) {
    if (!directory.empty()) {
        auto paths = migration_paths(directory);
        if (paths.empty()) {
            throw ConfigError("--sql " + directory + " holds no files named like 0001_name.sql");
        }
        return paths;
    }
    auto paths = migration_paths(shipped_sql());
    if (paths.empty()) {
        throw ConfigError("there are no migrations in " + shipped_sql().string() +
                          ": name their directory with --sql");
    }
    return paths;
}

std::string sha256_hex(const std::string& text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
    return hex_encode({reinterpret_cast<const char*>(digest.data()), size});
}

}  // namespace

std::vector<MigrationFile> read_migration_files(const std::string& directory) {
    std::vector<MigrationFile> files;
    for (const auto& path : find_paths(directory)) {
        std::ifstream file(path, std::ios::binary);
        std::string text{std::istreambuf_iterator<char>(file), {}};
        if (!file || text.empty()) {
            throw ConfigError("cannot read " + path.string());
        }
        auto digest = sha256_hex(text);
        files.push_back({path.filename().string(), std::move(text), std::move(digest)});
    }
    return files;
}

}  // namespace coupon
