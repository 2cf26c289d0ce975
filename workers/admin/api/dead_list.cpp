#include "admin/api/dead_list.hpp"

#include "admin/api/dead_queues.hpp"
#include "admin/api/masking.hpp"
#include "admin/api/page.hpp"

namespace coupon {
namespace {

constexpr int limit_max = 500;
constexpr const char* data_bytes_max = "65536";  // of one row; what is larger is no envelope

// The columns of item_of(), and behind them where a page goes on.
std::string item_columns(const DeadQueue& queue) {
    return "id::text, " + std::string(queue.type) + ", " + queue.to + ", " + queue.attempts + ", " +
           iso_utc("created_at") + ", " + iso_utc(queue.failed_at) + ", left(" + queue.error +
           ", 4000), " + queue.correlation_id + ", (" + queue.unknown + ")::text, created_at::text";
}
constexpr int unknown_column = 8;
constexpr int key_column = 9;
constexpr int more_columns = 10;

Json item_of(const PgResult& rows, int row, const Masking& masking) {
    return {{"id", text_or_null(rows, row, 0)},
            {"type", text_or_null(rows, row, 1)},
            {"to", masking.recipient(text_or_null(rows, row, 2))},
            {"attempts", number_or_null(rows, row, 3)},
            {"created_at", text_or_null(rows, row, 4)},
            {"failed_at", text_or_null(rows, row, 5)},
            {"last_error", masking.sentence(text_or_null(rows, row, 6))},
            {"correlation_id", text_or_null(rows, row, 7)},
            {"unknown", rows.text(row, unknown_column) == "true"}};
}

Json events_of(PgConnection& pg, const DeadQueue& queue, const std::string& id,
               const Masking& masking) {
    const auto sql = "SELECT " + iso_utc("at") +
                     ", status, provider, reason FROM message_events"
                     " WHERE queue = $1 AND message_id = $2 ORDER BY id LIMIT 200";
    const auto rows = pg.execute(sql.c_str(), {queue.messages->name, id});
    auto events = Json::array();
    for (int row = 0; row < rows.rows(); ++row) {
        events.push_back({{"at", text_or_null(rows, row, 0)},
                          {"status", text_or_null(rows, row, 1)},
                          {"provider", text_or_null(rows, row, 2)},
                          {"reason", masking.sentence(text_or_null(rows, row, 3))}});
    }
    return events;
}

}  // namespace

AdminAnswer list_dead_letters(const AdminRequest& request, AdminResources& resources) {
    const auto& queue = dead_queue(request.captures.at(0));
    const auto pattern = like_pattern(query_text(request, "q"));
    const auto limit = query_number(request, "limit", 50, 1, limit_max);
    const auto after = query_cursor(request);
    const auto masking = masking_for(request, resources.pg, queue.table);

    const auto total =
        resources.pg.execute(("SELECT count(*)" + dead_letters_sql(queue)).c_str(), {pattern});
    if (after && !is_dead_id(resources.pg, queue, after->id)) {
        refuse("after is no cursor of this list");
    }
    std::vector<PgParameter> values{pattern, std::to_string(limit + 1)};
    const auto sql = "SELECT " + item_columns(queue) + dead_letters_sql(queue) +
                     behind(after, "created_at", values) +
                     " ORDER BY created_at DESC, id DESC LIMIT $2::int";
    const auto rows = resources.pg.execute(sql.c_str(), values);
    Json answer{{"name", queue.name}, {"total", number_or_null(total, 0, 0)}};
    answer.update(
        page_of(rows, limit, key_column, 0, [&](int row) { return item_of(rows, row, masking); }));
    return json_answer(answer);
}

AdminAnswer show_dead_letter(const AdminRequest& request, AdminResources& resources) {
    const auto& queue = dead_queue(request.captures.at(0));
    const auto& id = request.captures.at(1);
    if (!is_dead_id(resources.pg, queue, id)) {
        not_found("there is no such dead letter");
    }
    const auto masking = masking_for(request, resources.pg, queue.table, id);
    const auto sql = "SELECT " + item_columns(queue) + ", CASE WHEN octet_length((" + queue.data +
                     ")::text) <= " + data_bytes_max + " THEN (" + queue.data +
                     ")::text END, left(" + queue.raw + ", " + data_bytes_max + ") FROM " +
                     queue.table + " WHERE " + queue.where + " AND id = $1";
    const auto rows = resources.pg.execute(sql.c_str(), {id});
    if (rows.rows() == 0) {
        not_found("there is no such dead letter: it may have been retried or purged meanwhile");
    }
    auto item = item_of(rows, 0, masking);
    const auto data = read_json(rows.text(0, more_columns));
    const auto type = queue.messages == nullptr ? std::string_view() : rows.text(0, 1);
    item["data"] = data ? masking.members(*data, type) : Json();
    item["raw"] = rows.is_null(0, more_columns + 1)
                      ? Json()
                      : masking.document(rows.text(0, more_columns + 1), queue.messages != nullptr);
    if (queue.messages != nullptr) {
        item["events"] = events_of(resources.pg, queue, id, masking);
    }
    return json_answer(item);
}

}  // namespace coupon
