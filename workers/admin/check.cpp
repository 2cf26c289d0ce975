#include "admin/check.hpp"

#include <fstream>
#include <iterator>

#include "admin/admin_settings.hpp"
#include "admin/static_files.hpp"
#include "runtime/error.hpp"
#include "runtime/role_check.hpp"

namespace coupon {
namespace {

void check_file(const std::string& variable, const std::string& path,
                CredentialFile (*parse)(std::string_view)) {
    if (path.empty()) {
        return;
    }
    std::ifstream file(path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    if (!file.is_open() || file.bad()) {
        throw ConfigError(variable + ": " + path + " cannot be read");
    }
    const auto parsed = parse(text);
    if (!parsed.problems.empty()) {
        throw ConfigError(variable + ": " + parsed.problems.front());
    }
    if (parsed.entries.empty()) {
        throw ConfigError(variable + ": " + path + " names nobody");
    }
}

}  // namespace

int check_admin(std::ostream& out) {
    return run_checks(
        "admin",
        {check_common_settings, [] { configured_admin(); },
         [] {
             check_file("ADMIN_PASSWORDS", configured_admin().access.passwords_path,
                        parse_passwords);
         },
         [] { check_file("ADMIN_TOKENS", configured_admin().access.tokens_path, parse_tokens); },
         [] { StaticFiles(configured_admin().dashboard).check(); }, [] { check_redis("clicks"); },
         [] {
             check_postgres({"audit_logs", "webhook_logs", "email_queue", "journal_segments"});
         }},
        out);
}

}  // namespace coupon
