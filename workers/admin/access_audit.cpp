#include "admin/access_audit.hpp"

#include "operations/audit_log.hpp"

namespace coupon {

void audit_access(AdminResources& resources, const std::string& who, const std::string& action,
                  const std::string& address) {
    auto details = nlohmann::ordered_json::object();
    if (!address.empty()) {
        details["address"] = address;
    }
    const auto actor = who.empty() ? std::string("admin") : "admin:" + who;
    resources.log.info("access", {{"action", action}, {"who", actor}, {"address", address}});
    try {
        write_audit(resources.pg, {actor, action, "admin", std::nullopt, details});
    } catch (const PgError& error) {
        resources.log.warn("audit_logs did not take a row",
                           {{"action", action}, {"who", actor}, {"error", error.what()}});
    }
}

}  // namespace coupon
