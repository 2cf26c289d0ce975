#include "couponctl/actor.hpp"

#include <pwd.h>
#include <unistd.h>

#include "operations/audit_log.hpp"
#include "runtime/worker_identity.hpp"

namespace coupon {

std::string current_user() {
    const auto* entry = getpwuid(getuid());
    const std::string name = entry != nullptr ? entry->pw_name : std::to_string(getuid());
    return name + "@" + host_name();
}

void record_action(PgConnection& pg, const std::string& actor, const std::string& action,
                   const std::string& entity, const nlohmann::json& details) {
    write_audit(pg, {actor.empty() ? current_user() : actor, action, entity, {}, details});
}

}  // namespace coupon
