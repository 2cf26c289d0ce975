#include "couponctl/actor.hpp"

#include <pwd.h>
#include <unistd.h>

namespace coupon {

std::string current_user() {
    const auto* entry = getpwuid(getuid());
    const std::string name = entry != nullptr ? entry->pw_name : std::to_string(getuid());
    char host[256] = {};
    gethostname(host, sizeof(host) - 1);
    return name + "@" + host;
}

void record_action(PgConnection& pg, const std::string& actor, const std::string& action,
                   const std::string& entity, const nlohmann::json& details) {
    constexpr const char* sql =
        "INSERT INTO audit_logs (actor, action, entity, details) VALUES ($1, $2, $3, $4::jsonb)";
    pg.execute(sql, {actor.empty() ? current_user() : actor, action, entity,
                     details.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)});
}

}  // namespace coupon
