// Who runs couponctl, and what audit_logs keeps of it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "runtime/pg_connection.hpp"

namespace coupon {

// user@host.
std::string current_user();

// A row of audit_logs; `actor` empty: current_user(). Throws PgError.
void record_action(PgConnection& pg, const std::string& actor, const std::string& action,
                   const std::string& entity, const nlohmann::json& details);

}  // namespace coupon
