#include "couponctl/notifications.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "couponctl/settings.hpp"
#include "operations/masked_recipient.hpp"
#include "operations/message_queue.hpp"
#include "runtime/error.hpp"
#include "runtime/storable_text.hpp"

namespace coupon {
namespace {

using nlohmann::ordered_json;

constexpr int deadline_ms = 30'000;
constexpr const char* utc_format = "'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'";

std::string utc(const std::string& time) {
    return "to_char(" + time + "::timestamptz AT TIME ZONE 'UTC', " + utc_format + ")";
}

std::string condition_of(const std::string& status) {
    if (status == "unknown") {
        return "delivery_status = 'unknown'";
    }
    if (status == "held") {
        return "delivery_status = 'unknown' AND status = 'pending'";
    }
    return status.empty() ? "true" : "status = '" + status + "'";  // one of the fixed words
}

std::string list_sql(const NotificationFilter& filter) {
    std::string sql;
    for (const auto& queue : message_queues) {
        if (filter.queue.empty() || filter.queue == queue.name) {
            sql += std::string(sql.empty() ? "" : " UNION ALL ") +
                   "(SELECT created_at::timestamptz AS queued, '" + queue.name +
                   "' AS queue, id::text, COALESCE(type, '-'), \"to\", status,"
                   " COALESCE(delivery_status, '-'), attempts, COALESCE(last_error, '') FROM " +
                   queue.table + " WHERE " + condition_of(filter.status) +
                   " ORDER BY created_at DESC LIMIT $1::int)";
        }
    }
    return "SELECT " + utc("queued") + ", m.* FROM (" + sql +
           ") AS m ORDER BY queued DESC LIMIT $1::int";
}

// Where one of its three names is the one that was given.
std::string find_sql(const MessageQueue& queue) {
    return "SELECT id::text, type, \"to\", status, delivery_status, attempts, unknowns, provider,"
           " provider_message_id, last_error, " +
           utc("created_at") + ", " + utc("scheduled_at") + " FROM " + queue.table +
           " WHERE id = $1 OR provider_message_id = $2 OR idempotency_key = $2 ORDER BY id";
}

ordered_json value_of(const PgResult& rows, int row, int column) {
    return rows.is_null(row, column) ? ordered_json()
                                     : ordered_json(storable_text(rows.text(row, column)));
}

ordered_json events_of(PgConnection& pg, const std::string& queue, const std::string& id,
                       const ordered_json& queued_at) {
    const auto sql = "SELECT " + utc("at") +
                     ", status, provider, provider_message_id, reason FROM message_events"
                     " WHERE queue = $1 AND message_id = $2 ORDER BY at, id";
    const auto rows = pg.execute(sql.c_str(), {queue, id});
    auto events = ordered_json::array({{{"at", queued_at}, {"status", "queued"}}});
    for (int row = 0; row < rows.rows(); ++row) {
        ordered_json event{{"at", value_of(rows, row, 0)}, {"status", value_of(rows, row, 1)}};
        constexpr std::array<const char*, 3> names{"provider", "provider_message_id", "reason"};
        for (int column = 0; column < 3; ++column) {
            if (auto value = value_of(rows, row, column + 2); !value.is_null()) {
                event[names.at(static_cast<std::size_t>(column))] = std::move(value);
            }
        }
        events.push_back(std::move(event));
    }
    return events;
}

std::string recipient_text(std::string_view recipient) {
    return recipient.empty() ? "-" : masked_recipient(recipient);
}

ordered_json message_of(PgConnection& pg, const MessageQueue& queue, const PgResult& rows,
                        int row) {
    const std::string id(rows.text(row, 0));
    return {{"id", id},
            {"queue", queue.name},
            {"type", value_of(rows, row, 1)},
            {"to", recipient_text(rows.text(row, 2))},
            {"status", value_of(rows, row, 3)},
            {"delivery_status", value_of(rows, row, 4)},
            {"attempts", rows.number(row, 5)},
            {"unknowns", rows.number(row, 6)},
            {"provider", value_of(rows, row, 7)},
            {"provider_message_id", value_of(rows, row, 8)},
            {"last_error", value_of(rows, row, 9)},
            {"due_at", rows.text(row, 3) == "pending" ? value_of(rows, row, 11) : ordered_json()},
            {"events", events_of(pg, queue.name, id, value_of(rows, row, 10))}};
}

std::string text_of(const ordered_json& object, const char* name) {
    const auto member = object.find(name);
    return member == object.end() || !member->is_string() ? "" : member->get<std::string>();
}

// What will happen next; empty: nothing.
std::string next_of(const ordered_json& message) {
    const auto due = text_of(message, "due_at");
    if (due.empty()) {
        return {};
    }
    return text_of(message, "delivery_status") == "unknown"
               ? due + "  will be sent once more, unless its provider reports on it before"
               : due + "  due";
}

void print(const ordered_json& message, std::ostream& out) {
    const auto delivery = text_of(message, "delivery_status");
    out << text_of(message, "queue") << ' ' << text_of(message, "id") << '\n'
        << text_of(message, "type") << " to " << text_of(message, "to") << ": "
        << text_of(message, "status") << (delivery.empty() ? "" : ", " + delivery) << " after "
        << message["attempts"] << " failed attempts\n";
    for (const auto& event : message["events"]) {
        out << "  " << text_of(event, "at") << "  " << text_of(event, "status");
        if (const auto provider = text_of(event, "provider"); !provider.empty()) {
            const auto id = text_of(event, "provider_message_id");
            out << " by " << provider << (id.empty() ? "" : " (" + id + ")");
        }
        const auto reason = text_of(event, "reason");
        out << (reason.empty() ? "" : ": " + reason) << '\n';
    }
    if (const auto next = next_of(message); !next.empty()) {
        out << "  " << next << '\n';
    }
}

}  // namespace

void list_notifications(const NotificationFilter& filter, std::ostream& out) {
    auto pg = configured_postgres(deadline_ms);
    const auto rows = pg.execute(list_sql(filter).c_str(), {std::to_string(filter.limit)});
    for (int row = 0; row < rows.rows(); ++row) {
        out << rows.text(row, 0);
        for (int column = 2; column < rows.columns(); ++column) {
            constexpr int recipient = 5;
            const auto text = rows.text(row, column);
            out << "  " << (column == recipient ? recipient_text(text) : storable_text(text));
        }
        out << '\n';
    }
}

void show_notification(const std::string& id, bool as_json, std::ostream& out) {
    auto pg = configured_postgres(deadline_ms);
    auto found = ordered_json::array();
    for (const auto& queue : message_queues) {
        const auto rows = pg.execute(find_sql(queue).c_str(), {row_id(pg, queue, id), id});
        for (int row = 0; row < rows.rows(); ++row) {
            found.push_back(message_of(pg, queue, rows, row));
        }
    }
    if (found.empty()) {
        throw CommandError("notifications show: no message has this id or key");
    }
    if (as_json) {
        out << (found.size() == 1 ? found.front() : found).dump(2) << '\n';
        return;
    }
    for (const auto& message : found) {
        print(message, out);
    }
}

}  // namespace coupon
