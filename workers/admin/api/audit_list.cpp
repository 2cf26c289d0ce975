#include "admin/api/audit_list.hpp"

#include "admin/api/masking.hpp"
#include "admin/api/page.hpp"

namespace coupon {
namespace {

constexpr int limit_max = 500;

const std::string columns =
    "SELECT " + iso_utc("created_at") +
    ", actor, action, entity, entity_id::text, CASE WHEN octet_length(details::text) <= 65536"
    " THEN details::text END, id::text, created_at::text FROM audit_logs";

Json item_of(const PgResult& rows, int row, const Masking& masking) {
    const auto details = read_json(rows.text(row, 5));
    return {{"id", text_or_null(rows, row, 6)},
            {"at", text_or_null(rows, row, 0)},
            {"actor", masking.sentence(text_or_null(rows, row, 1))},
            {"action", text_or_null(rows, row, 2)},
            {"entity", text_or_null(rows, row, 3)},
            {"entity_id", masking.sentence(text_or_null(rows, row, 4))},
            {"details", details ? masking.members(*details) : Json()}};
}

}  // namespace

AdminAnswer list_audit(const AdminRequest& request, AdminResources& resources) {
    const auto limit = query_number(request, "limit", 50, 1, limit_max);
    const auto after = query_cursor(request);
    const auto masking = masking_for(request, resources.pg, "audit_logs");
    std::vector<PgParameter> values{std::to_string(limit + 1)};
    const auto sql = columns + " WHERE true" + behind(after, "created_at", values) +
                     " ORDER BY created_at DESC, id DESC LIMIT $1::int";
    const auto rows = resources.pg.execute(sql.c_str(), values);
    return json_answer(
        page_of(rows, limit, 7, 6, [&](int row) { return item_of(rows, row, masking); }));
}

}  // namespace coupon
