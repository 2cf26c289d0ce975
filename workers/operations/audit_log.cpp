#include "operations/audit_log.hpp"

namespace coupon {
namespace {

constexpr const char* insert_sql =
    "INSERT INTO audit_logs (actor, action, entity, entity_id, details)"
    " VALUES ($1, $2, $3, $4, $5::jsonb)";

}  // namespace

void write_audit(PgConnection& pg, const AuditRecord& record) {
    pg.execute(insert_sql, {record.actor, record.action, record.entity, record.entity_id,
                            record.details.dump(-1, ' ', false,
                                                nlohmann::ordered_json::error_handler_t::replace)});
}

}  // namespace coupon
