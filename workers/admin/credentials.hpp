// Who may use the admin worker: the lines of ADMIN_PASSWORDS and ADMIN_TOKENS. Pure but for the
// time that a password's hash takes.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/routes.hpp"

namespace coupon {

// One line of either file: name:role:secret.
struct Credential {
    std::string name;
    AdminRole role = AdminRole::read_only;
    std::string
        secret;  // crypt(3)'s hash of a password, or the SHA-256 of a token in lower-case hex
};

struct CredentialFile {
    std::vector<Credential> entries;
    // One sentence each for the lines that do not count; without what stands in them.
    std::vector<std::string> problems;
};

// Empty lines and those that begin with # are skipped; a line that is wrong does not count, the
// others do. Of two lines with one name the first counts.
CredentialFile parse_passwords(std::string_view text);
CredentialFile parse_tokens(std::string_view text);

// "read-only" and "operator", and back.
std::string_view role_name(AdminRole role) noexcept;
std::optional<AdminRole> parse_role(std::string_view word) noexcept;

// 1–64 letters, digits and . _ - @.
bool is_principal_name(std::string_view name) noexcept;

constexpr std::size_t password_max_bytes = 512;

// Takes as long for a name that is not there. Nothing for a wrong password.
std::optional<Credential> find_password(const std::vector<Credential>& entries,
                                        std::string_view name, const std::string& password);
std::optional<Credential> find_token(const std::vector<Credential>& entries,
                                     std::string_view token);

// yescrypt with a fresh salt. Throws CommandError where libcrypt fails.
std::string hash_password(const std::string& password);
// The SHA-256 of a token as it stands in the file.
std::string hash_token(std::string_view token);
// 256 random bits, as base64url.
std::string random_token();

}  // namespace coupon
