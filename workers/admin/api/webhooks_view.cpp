#include "admin/api/webhooks_view.hpp"

#include "admin/api/masking.hpp"
#include "admin/api/page.hpp"
#include "core/hex.hpp"
#include "core/uuid.hpp"
#include "core/webhook/phonepe.hpp"
#include "operations/audit_log.hpp"
#include "operations/replay.hpp"
#include "operations/webhook_filter.hpp"
#include "runtime/pg_transaction.hpp"

namespace coupon {
namespace {

constexpr int limit_max = 500;
constexpr const char* body_bytes_max = "65536";

// The columns of item_of().
const std::string item_columns =
    "id::text, " + iso_utc("received_at") +
    ", provider, event, status, outcome, left(COALESCE(outcome_reason, last_error, reason), 4000),"
    " attempts, trust, verdict, correlation_id, received_at::text";
constexpr int key_column = 11;

// The search of a list: $8, a pattern of LIKE or NULL, behind the $1 to $6 of the filter.
const std::string search_sql = " AND ($8::text IS NULL OR id::text ILIKE $8 OR event ILIKE $8 OR " +
                               searchable_sql("outcome_reason") + " ILIKE $8 OR " +
                               searchable_sql("last_error") +
                               " ILIKE $8 OR correlation_id ILIKE $8)";

const std::string show_sql = "SELECT " + item_columns +
                             ", location, remote, method, latency_ms, edge, segment::text, seq, " +
                             iso_utc("scheduled_at") + ", " + iso_utc("finished_at") +
                             ", left(last_error, 4000), headers::text, fields::text, "
                             "octet_length(body), encode(substr(body, "
                             "1, " +
                             body_bytes_max + "), 'hex'), left(raw, " + body_bytes_max +
                             "), COALESCE(query, '') FROM webhook_logs WHERE id = $1::uuid";

Json item_of(const PgResult& rows, int row, const Masking& masking) {
    return {{"id", text_or_null(rows, row, 0)},
            {"received_at", text_or_null(rows, row, 1)},
            {"provider", text_or_null(rows, row, 2)},
            {"event", text_or_null(rows, row, 3)},
            {"status", text_or_null(rows, row, 4)},
            {"outcome", text_or_null(rows, row, 5)},
            {"outcome_reason", masking.sentence(text_or_null(rows, row, 6))},
            {"attempts", number_or_null(rows, row, 7)},
            {"trust", text_or_null(rows, row, 8)},
            {"verdict", text_or_null(rows, row, 9)},
            {"correlation_id", text_or_null(rows, row, 10)}};
}

Json object_of(std::string_view text, const Masking& masking) {
    const auto object = read_json(text);
    return object && object->is_object() ? masking.members(*object) : Json::object();
}

// PhonePe's first version wraps its JSON in base64.
Json body_of(const std::string& body, std::string_view provider, const Masking& masking) {
    const auto payload =
        provider == "phonepe" ? phonepe_v1_payload(body) : std::optional<std::string>();
    return masking.document(payload.value_or(body));
}

std::string checked_id(const AdminRequest& request) {
    const auto& id = request.captures.at(0);
    if (!parse_uuid(id)) {
        not_found("there is no such webhook");
    }
    return id;
}

}  // namespace

AdminAnswer list_webhooks_page(const AdminRequest& request, AdminResources& resources) {
    WebhookFilter filter;
    filter.provider = query_text(request, "provider");
    filter.status = query_word(request, "status", {"pending", "processing", "completed", "failed"});
    filter.outcome = query_text(request, "outcome");
    filter.since = query_text(request, "since");
    const auto limit = query_number(request, "limit", 50, 1, limit_max);
    const auto after = query_cursor(request);
    const Masking masking(false);

    auto values = webhook_filter_values(filter);
    values.emplace_back(std::to_string(limit + 1));
    values.push_back(like_pattern(query_text(request, "q")));
    const auto sql = "SELECT " + item_columns + " FROM webhook_logs" + webhook_filter_sql +
                     search_sql + behind(after, "received_at", values) +
                     " ORDER BY received_at DESC, id DESC LIMIT $7::int";
    const auto rows = resources.pg.execute(sql.c_str(), values);
    return json_answer(
        page_of(rows, limit, key_column, 0, [&](int row) { return item_of(rows, row, masking); }));
}

AdminAnswer show_one_webhook(const AdminRequest& request, AdminResources& resources) {
    const auto id = checked_id(request);
    const auto masking = masking_for(request, resources.pg, "webhook_logs", id);
    const auto rows = resources.pg.execute(show_sql.c_str(), {id});
    if (rows.rows() == 0) {
        not_found("there is no such webhook");
    }
    auto item = item_of(rows, 0, masking);
    constexpr int first = key_column + 1;
    item["location"] = text_or_null(rows, 0, first);
    item["remote"] = masking.address(text_or_null(rows, 0, first + 1));
    item["method"] = text_or_null(rows, 0, first + 2);
    item["latency_ms"] = number_or_null(rows, 0, first + 3);
    item["edge"] = text_or_null(rows, 0, first + 4);
    item["segment"] = text_or_null(rows, 0, first + 5);
    item["seq"] = number_or_null(rows, 0, first + 6);
    item["scheduled_at"] = text_or_null(rows, 0, first + 7);
    item["finished_at"] = text_or_null(rows, 0, first + 8);
    item["last_error"] = masking.sentence(text_or_null(rows, 0, first + 9));
    item["headers"] = object_of(rows.text(0, first + 10), masking);
    item["fields"] = object_of(rows.text(0, first + 11), masking);
    item["query"] = masking.document(rows.text(0, first + 15));
    item["body_bytes"] = number_or_null(rows, 0, first + 12);
    const auto body = hex_decode(rows.text(0, first + 13)).value_or("");
    item["body"] = rows.is_null(0, first + 13) ? Json() : body_of(body, rows.text(0, 2), masking);
    item["raw"] = rows.is_null(0, first + 14) ? Json() : masking.document(rows.text(0, first + 14));
    return json_answer(item);
}

AdminAnswer replay_one_webhook(const AdminRequest& request, AdminResources& resources) {
    const auto id = checked_id(request);
    const auto reason = body_reason(body_object(request));
    auto& pg = resources.pg;
    PgTransaction transaction(pg);
    if (replay_webhooks(pg, {id}) == 0) {
        if (pg.execute("SELECT FROM webhook_logs WHERE id = $1::uuid", {id}).rows() == 0) {
            not_found("there is no such webhook");
        }
        conflict(
            "this webhook is under way, was never believed, or its body is gone: it cannot be "
            "replayed");
    }
    write_audit(pg, {"admin:" + request.who.name,
                     "webhooks.replay",
                     "webhook_logs",
                     id,
                     {{"reason", reason}, {"count", 1}}});
    transaction.commit();
    return json_answer({{"replayed", 1}});
}

}  // namespace coupon
