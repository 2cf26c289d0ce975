#include "admin/api/delayed.hpp"

#include "admin/api/dead_queues.hpp"
#include "admin/api/masking.hpp"
#include "admin/api/request_values.hpp"

namespace coupon {

AdminAnswer list_delayed(const AdminRequest& request, AdminResources& resources) {
    const auto& queue = dead_queue(request.captures.at(0));
    if (queue.may_retry[0] == '\0') {
        not_found("rejected clicks have no jobs: nothing of them is delayed");
    }
    const auto limit = query_number(request, "limit", 50, 1, 500);
    const auto masking = masking_for(request, resources.pg, queue.table);
    const auto sql = "SELECT id::text, " + std::string(queue.type) + ", " + queue.to + ", " +
                     iso_utc("scheduled_at") + ", attempts, left(last_error, 4000) FROM " +
                     queue.table +
                     " WHERE status = 'pending' AND scheduled_at > now()"
                     " ORDER BY scheduled_at LIMIT $1::int";
    const auto rows = resources.pg.execute(sql.c_str(), {std::to_string(limit)});
    auto items = Json::array();
    for (int row = 0; row < rows.rows(); ++row) {
        items.push_back({{"id", text_or_null(rows, row, 0)},
                         {"type", text_or_null(rows, row, 1)},
                         {"to", masking.recipient(text_or_null(rows, row, 2))},
                         {"scheduled_at", text_or_null(rows, row, 3)},
                         {"attempts", number_or_null(rows, row, 4)},
                         {"last_error", masking.sentence(text_or_null(rows, row, 5))}});
    }
    return json_answer({{"items", std::move(items)}});
}

}  // namespace coupon
