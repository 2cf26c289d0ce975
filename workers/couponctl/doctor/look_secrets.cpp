#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>

#include "couponctl/doctor/look_machine.hpp"

namespace coupon::doctor {
namespace {

constexpr std::size_t file_bytes_max = 1 << 20;
constexpr std::size_t key_digits = 32;
constexpr std::size_t link_secret_least_bytes = 16;
constexpr std::size_t secret_least_bytes = 8;

std::vector<std::string> values_of(const std::string& text, bool at_commas) {
    std::vector<std::string> values;
    std::string value;
    for (const char c : text + "\n") {
        if (c != '\n' && !(c == ',' && at_commas)) {
            value += c;
            continue;
        }
        if (!value.empty()) {
            values.push_back(value);
        }
        value.clear();
    }
    return values;
}

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\r';
}

bool is_hex_key(const std::string& value) {
    return value.size() == key_digits &&
           value.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
}

// Upper and lower case are one key.
std::string digest_of(std::string value) {
    std::transform(value.begin(), value.end(), value.begin(), [](char c) {
        return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    EVP_Digest(value.data(), value.size(), digest.data(), &size, EVP_sha256(), nullptr);
    return {reinterpret_cast<const char*>(digest.data()), size};
}

void judge_text(const std::string& text, SecretFacts& facts) {
    const auto values = values_of(text, facts.hex_key);
    facts.shortest = values.empty() ? 0 : values.front().size();
    for (const auto& value : values) {
        facts.shortest = std::min(facts.shortest, value.size());
        facts.stray_space = facts.stray_space || is_space(value.front()) || is_space(value.back());
        facts.all_hex = facts.all_hex && is_hex_key(value);
    }
}

std::vector<std::string> digests_of(const std::string& text) {
    std::vector<std::string> digests;
    for (const auto& value : values_of(text, true)) {
        digests.push_back(digest_of(value));
    }
    return digests;
}

// A sticky folder lets nobody replace another's file.
std::string open_folder_above(const std::string& path) {
    std::error_code error;
    for (auto folder = std::filesystem::absolute(path, error).parent_path(); !error;
         folder = folder.parent_path()) {
        struct stat found {};
        if (::stat(folder.c_str(), &found) == 0 && (found.st_mode & S_ISVTX) == 0 &&
            ((found.st_mode & S_IWOTH) != 0 || ((found.st_mode & S_IWGRP) != 0 && found.st_gid != 0))) {
            return folder.string();
        }
        if (folder == folder.parent_path()) {
            break;
        }
    }
    return "";
}

// The text, where it could be read; else `failure` says why not.
std::optional<std::string> read_file(SecretFacts& facts) {
    struct stat file {};
    if (::stat(facts.path.c_str(), &file) != 0) {
        facts.failure = std::string("it cannot be looked at: ") + std::strerror(errno);
        return std::nullopt;
    }
    facts.mode = file.st_mode & 07777;
    facts.foreign_owner = file.st_uid != 0 && file.st_uid != ::geteuid();
    facts.common_group = file.st_gid != 0 && file.st_gid != file.st_uid;
    facts.open_folder = open_folder_above(facts.path);
    std::ifstream stream(facts.path, std::ios::binary);
    if (!S_ISREG(file.st_mode) || !stream ||
        file.st_size > static_cast<off_t>(file_bytes_max)) {
        facts.failure = "it cannot be read";
        return std::nullopt;
    }
    return std::string(std::istreambuf_iterator<char>(stream), {});
}

bool is_secret_name(std::string_view name) {
    constexpr std::array<std::string_view, 7> ends{"KEY",      "SECRET", "TOKEN", "PASSWORD",
                                                   "SALT",     "_URL",   "USERPASS"};
    return std::any_of(ends.begin(), ends.end(), [&](auto end) { return name.ends_with(end); });
}

class Secrets {
  public:
    explicit Secrets(SecretsLook& look) : look_(look) {}

    void look_at_environment() {
        constexpr std::string_view file_end = "_FILE";
        for (char** entry = environ; *entry != nullptr; ++entry) {
            const std::string_view text = *entry;
            const auto name = text.substr(0, text.find('='));
            const auto value = text.substr(std::min(name.size() + 1, text.size()));
            if (name.ends_with(file_end) && !value.empty() &&
                is_secret_name(name.substr(0, name.size() - file_end.size()))) {
                look_at_file(std::string(name), std::string(value),
                             name == "COUPON_CLICK_KEY_FILE", 1, look_.keys.worker);
            } else if ((name == "ADMIN_PASSWORDS" || name == "ADMIN_TOKENS") && !value.empty()) {
                std::optional<std::vector<std::string>> none;
                look_at_file(std::string(name), std::string(value), false, 1, none);
            } else if (name == "COUPON_CLICK_KEY" && !value.empty()) {
                SecretFacts facts;
                facts.name = name;
                facts.hex_key = true;
                judge_text(std::string(value), facts);
                look_.keys.worker = digests_of(std::string(value));
                look_.secrets.push_back(std::move(facts));
            }
        }
    }

    // What systemd hands to the units: a folder of files for all roles, and one for each.
    void look_at_credentials() {
        constexpr const char* folder = "/etc/coupon/credentials";
        std::error_code error;
        for (std::filesystem::recursive_directory_iterator entry(folder, error), end;
             !error && entry != end; entry.increment(error)) {
            if (std::error_code ignored; entry->is_regular_file(ignored)) {
                std::optional<std::vector<std::string>> none;
                look_at_file("credential", entry->path().string(), false, 1, none);
            }
        }
    }

    void look_at_edge(const NginxSettings& settings) {
        for (const auto& secret : settings.secrets) {
            const bool key = secret.directive == "coupon_click_key";
            std::optional<std::vector<std::string>> none;
            const auto least = secret.directive == "coupon_link_secret" ? link_secret_least_bytes
                               : secret.directive.starts_with("coupon_webhook_") ? secret_least_bytes
                                                                                 : 1;
            look_at_file(secret.directive, secret.path, key, least, key ? look_.keys.edge : none);
        }
    }

  private:
    void look_at_file(const std::string& name, const std::string& path, bool hex_key,
                      std::size_t least, std::optional<std::vector<std::string>>& keys) {
        SecretFacts facts;
        facts.name = name;
        facts.path = path;
        facts.hex_key = hex_key;
        facts.least = least;
        if (const auto text = read_file(facts)) {
            judge_text(*text, facts);
            if (hex_key) {
                keys = digests_of(*text);
            }
        }
        look_.secrets.push_back(std::move(facts));
    }

    SecretsLook& look_;
};

}  // namespace

SecretsLook look_at_secrets(const NginxSettings& settings) {
    SecretsLook look;
    Secrets secrets(look);
    secrets.look_at_environment();
    secrets.look_at_credentials();
    secrets.look_at_edge(settings);
    return look;
}

}  // namespace coupon::doctor
