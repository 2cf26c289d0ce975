#include "runtime/environment.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "runtime/error.hpp"

namespace coupon {
namespace {

std::optional<std::string> plain_value(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr || *value == '\0') {
        return std::nullopt;
    }
    return value;
}

// systemd's LoadCredential=NAME:path, or one of two folders: LoadCredential=role:folder has the
// role's own files as role_<file>, LoadCredential=common:folder those of all. The role's own wins.
std::optional<std::string> credential_path(const std::string& name) {
    const auto folder = plain_value("CREDENTIALS_DIRECTORY");
    if (folder) {
        for (const char* prefix : {"", "role_", "common_"}) {
            auto path = *folder + "/" + prefix + name;
            if (std::error_code error; std::filesystem::exists(path, error)) {
                return path;
            }
        }
    }
    return std::nullopt;
}

std::string file_value(const std::string& name, const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::error_code error;
    if (!file.is_open() || std::filesystem::is_directory(path, error)) {
        throw ConfigError(name + " names a file that cannot be read: " + path);
    }
    std::string text{std::istreambuf_iterator<char>(file), {}};
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) {
        text.pop_back();
    }
    return text;
}

}  // namespace

std::optional<std::string> environment_value(const std::string& name) {
    const auto value = plain_value(name);
    const auto path = plain_value(name + "_FILE");
    if (value && path) {
        throw ConfigError(name + " and " + name + "_FILE are both set: keep one of them");
    }
    const auto credential = credential_path(name);
    if (credential && (value || path)) {
        throw ConfigError(name + " is set and is a credential as well (" + *credential +
                          "): keep one of them");
    }
    if (!path && !credential) {
        return value;
    }
    auto text = path ? file_value(name + "_FILE", *path)
                     : file_value("the credential " + name, *credential);
    if (text.empty()) {
        return std::nullopt;
    }
    return text;
}

std::string required_environment(const std::string& name, const std::string& purpose) {
    auto value = environment_value(name);
    if (!value) {
        throw ConfigError(name + " is not set: it is " + purpose + " (or " + name +
                          "_FILE, a file that holds it)");
    }
    return *std::move(value);
}

std::string base_url(const std::string& name, const std::string& by_default) {
    auto url = environment_value(name).value_or(by_default);
    while (!url.empty() && url.back() == '/') {
        url.pop_back();
    }
    return url;
}

}  // namespace coupon
