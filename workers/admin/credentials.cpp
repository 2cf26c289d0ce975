#include "admin/credentials.hpp"

#include <crypt.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <memory>
#include <set>

#include "core/base64.hpp"
#include "core/hex.hpp"
#include "core/hmac.hpp"
#include "runtime/error.hpp"

namespace coupon {
namespace {

constexpr std::size_t name_max_bytes = 64;
constexpr std::size_t entries_max = 1000;

// Of no password: what an unknown name is compared with where the file has no line.
constexpr const char* nobody = "$y$j9T$XmSi5bZtZ3YGqLBpXUyJd/";

using Judge = std::string (*)(std::string_view secret);  // what is wrong with it; empty: nothing

std::string judge_hash(std::string_view hash) {
    const bool bcrypt = hash.size() == 60 && (hash.starts_with("$2b$") ||
                                              hash.starts_with("$2y$") || hash.starts_with("$2a$"));
    if (!bcrypt && !(hash.starts_with("$y$") && hash.size() > 40 && hash.size() < 200)) {
        return "the hash is neither yescrypt ($y$…) nor bcrypt ($2b$…): make the line with "
               "couponctl admin password";
    }
    if (bcrypt && hash.substr(4, 2) > "16") {
        return "the hash costs more than bcrypt's 16, which would take seconds a sign-in";
    }
    const auto known = crypt_checksalt(std::string(hash).c_str());
    return known == CRYPT_SALT_OK || known == CRYPT_SALT_TOO_CHEAP
               ? ""
               : "the hash is damaged: make the line with couponctl admin password";
}

std::string judge_digest(std::string_view digest) {
    const bool lower_hex = digest.find_first_not_of("0123456789abcdef") == std::string_view::npos;
    return digest.size() == 64 && lower_hex
               ? ""
               : "the token's SHA-256 is not 64 hexadecimal digits: make the line with couponctl "
                 "admin token";
}

// What is wrong with the line; empty where it went into `entry`.
std::string read_line(std::string_view line, Judge judge, Credential& entry) {
    const auto first = line.find(':');
    const auto second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) {
        return "it is not name:role:secret";
    }
    const auto name = line.substr(0, first);
    const auto role = parse_role(line.substr(first + 1, second - first - 1));
    const auto secret = line.substr(second + 1);
    if (!is_principal_name(name)) {
        return "the name is not 1 to 64 letters, digits and . _ - @";
    }
    if (!role) {
        return "the role is neither read-only nor operator";
    }
    entry = {std::string(name), *role, std::string(secret)};
    return judge(secret);
}

CredentialFile parse(std::string_view text, Judge judge) {
    CredentialFile file;
    std::set<std::string> names;
    for (int number = 1; !text.empty(); ++number) {
        const auto end = std::min(text.find('\n'), text.size());
        auto line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) {
            line.remove_suffix(1);
        }
        if (line.empty() || line.front() == '#') {
            continue;
        }
        Credential entry;
        auto problem = read_line(line, judge, entry);
        if (problem.empty() && !names.insert(entry.name).second) {
            problem = "an earlier line has the same name";
        }
        if (problem.empty() && file.entries.size() == entries_max) {
            problem = "the file has more than " + std::to_string(entries_max) + " lines";
        }
        if (problem.empty()) {
            file.entries.push_back(std::move(entry));
        } else {
            file.problems.push_back("line " + std::to_string(number) +
                                    " does not count: " + problem);
        }
    }
    return file;
}

// Some entry, always the same one for a name, so that an unknown name costs what a known one does.
const char* stand_in(const std::vector<Credential>& entries, std::string_view name) {
    if (entries.empty()) {
        return nobody;
    }
    return entries[sha256(name).front() % entries.size()].secret.c_str();
}

bool fits(const std::string& password, const char* hash) {
    // 32 KiB: too much for the stack of a thread.
    const auto data = std::make_unique<crypt_data>();
    const char* made = crypt_r(password.c_str(), hash, data.get());
    const std::string_view expected = hash;
    return made != nullptr && std::string_view(made).size() == expected.size() &&
           constant_time_equal(made, expected);
}

}  // namespace

CredentialFile parse_passwords(std::string_view text) {
    return parse(text, judge_hash);
}

CredentialFile parse_tokens(std::string_view text) {
    return parse(text, judge_digest);
}

std::string_view role_name(AdminRole role) noexcept {
    return role == AdminRole::operate ? "operator" : "read-only";
}

std::optional<AdminRole> parse_role(std::string_view word) noexcept {
    if (word == "read-only") {
        return AdminRole::read_only;
    }
    return word == "operator" ? std::optional(AdminRole::operate) : std::nullopt;
}

bool is_principal_name(std::string_view name) noexcept {
    return !name.empty() && name.size() <= name_max_bytes &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '.' || c == '_' || c == '-' || c == '@';
           });
}

std::optional<Credential> find_password(const std::vector<Credential>& entries,
                                        std::string_view name, const std::string& password) {
    const auto found = std::find_if(entries.begin(), entries.end(),
                                    [&](const auto& entry) { return entry.name == name; });
    const bool known = found != entries.end();
    const bool possible = !password.empty() && password.size() < password_max_bytes &&
                          password.find('\0') == std::string::npos;
    const bool right =
        fits(possible ? password : "-", known ? found->secret.c_str() : stand_in(entries, name));
    return known && possible && right ? std::optional(*found) : std::nullopt;
}

std::optional<Credential> find_token(const std::vector<Credential>& entries,
                                     std::string_view token) {
    const auto digest = hash_token(token);
    std::optional<Credential> found;
    for (const auto& entry : entries) {
        if (constant_time_equal(entry.secret, digest)) {
            found = entry;
        }
    }
    return found;
}

std::string hash_password(const std::string& password) {
    std::array<char, CRYPT_GENSALT_OUTPUT_SIZE> salt{};
    const auto data = std::make_unique<crypt_data>();
    if (crypt_gensalt_rn("$y$", 0, nullptr, 0, salt.data(), salt.size()) == nullptr) {
        throw CommandError("libcrypt makes no salt for yescrypt");
    }
    const char* hash = crypt_r(password.c_str(), salt.data(), data.get());
    if (hash == nullptr || *hash == '*') {
        throw CommandError("libcrypt cannot hash this password");
    }
    return hash;
}

std::string hash_token(std::string_view token) {
    return hex_encode(as_text(sha256(token)));
}

std::string random_token() {
    std::array<unsigned char, 32> bytes{};
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
        throw CommandError("no random numbers from OpenSSL");
    }
    return base64url_encode({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace coupon
