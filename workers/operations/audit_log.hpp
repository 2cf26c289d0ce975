// What an operator did, for audit_logs.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "runtime/pg_connection.hpp"

namespace coupon {

struct AuditRecord {
    std::string actor;      // "alice@host", "admin:alice"
    std::string action;     // "webhooks.replay"
    std::string entity;     // the table
    PgParameter entity_id;  // where it is about one row
    nlohmann::ordered_json details;
};

// To be called in the transaction of what it is about. Throws PgError.
void write_audit(PgConnection& pg, const AuditRecord& record);

}  // namespace coupon
