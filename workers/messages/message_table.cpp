#include "messages/message_table.hpp"

#include <algorithm>
#include <map>

#include "runtime/envelope.hpp"
#include "runtime/row_id.hpp"

namespace coupon {
namespace {

// So that a batch in memory is bounded, whatever a producer put into a row.
const std::string data_column =
    "CASE WHEN octet_length(data::text) <= " + std::to_string(message_data_bytes_max) +
    " THEN data::text END";
// No number stands for infinity; a message of no time is of now.
constexpr const char* created_column =
    "(extract(epoch FROM CASE WHEN isfinite(created_at::timestamptz) THEN created_at::timestamptz"
    " ELSE now() END) * 1000)::bigint";

std::vector<std::string> columns() {
    return {"type",     "\"to\"",   data_column, "delivery_status",
            "provider", "unknowns", "throttled", created_column};
}

// Rows that somebody has locked are left out instead of waited for: neither a report's transaction
// nor an operator's holds up a batch. @ stands for the table, # for the type of its ids.
constexpr const char* settle_template =
    "WITH ended AS (SELECT * FROM unnest($1::#[], $2::uuid[], $3::text[], $4::text[], $5::bool[],"
    "  $6::int[], $7::int[], $8::int[], $9::bigint[], $10::text[], $11::text[], $12::text[],"
    "  $13::bigint[]) AS e (id, token, status, delivery_status, sent, attempts, unknowns, "
    "throttled,"
    "  delay_ms, error, provider, provider_message_id, age_ms)),"
    " held AS (SELECT q.id AS held_id, q.lease_token AS held_token FROM @ q JOIN ended e ON q.id = "
    "e.id AND q.lease_token = "
    "e.token"
    "  FOR UPDATE OF q SKIP LOCKED),"
    " settled AS (UPDATE @ q SET"
    "  status = CASE WHEN q.delivery_status <> 'unknown' THEN 'completed' ELSE e.status END,"
    "  delivery_status = CASE WHEN q.delivery_status <> 'unknown' THEN q.delivery_status"
    "   ELSE COALESCE(e.delivery_status, q.delivery_status) END,"
    "  attempts = q.attempts + e.attempts, unknowns = q.unknowns + e.unknowns,"
    "  throttled = q.throttled + e.throttled, starts = 0, lease_token = NULL, lease_until = NULL,"
    "  scheduled_at = CASE WHEN e.status = 'pending' AND e.delay_ms > 0"
    "   THEN now() + e.delay_ms * interval '1 millisecond' ELSE q.scheduled_at END,"
    "  last_error = COALESCE(e.error, q.last_error), provider = COALESCE(e.provider, q.provider),"
    "  provider_message_id = COALESCE(e.provider_message_id, q.provider_message_id),"
    "  sent_at = CASE WHEN e.sent THEN now() - e.age_ms * interval '1 millisecond' ELSE q.sent_at "
    "END,"
    "  finished_at = CASE WHEN e.status <> 'pending' OR q.delivery_status <> 'unknown' THEN now() "
    "END"
    "  FROM ended e JOIN held h ON h.held_id = e.id AND h.held_token = e.token WHERE q.id = e.id"
    "  RETURNING q.id AS settled_id, e.token AS settled_token),"
    " noted AS (INSERT INTO message_events (queue, message_id, at, status, provider,"
    "   provider_message_id, reason)"
    "  SELECT $14, v.id::text, now() - v.age_ms * interval '1 millisecond', v.status, v.provider,"
    "   v.provider_message_id, v.reason"
    "  FROM unnest($15::#[], $16::bigint[], $17::text[], $18::text[], $19::text[], $20::text[],"
    "    $21::uuid[])"
    "   WITH ORDINALITY AS v (id, age_ms, status, provider, provider_message_id, reason, token, "
    "number)"
    "  JOIN settled ON settled_id = v.id AND settled_token = v.token ORDER BY v.number)"
    " SELECT settled_id::text, settled_token::text FROM settled";

constexpr const char* locked_template =
    "SELECT q.id::text, q.lease_token::text FROM unnest($1::#[], $2::uuid[]) AS e (id, token)"
    " JOIN @ q ON q.id = e.id AND q.lease_token = e.token";

// Whoever has the row now, held as unknown, under another lease or buried as unknown: it was sent.
// The event is written once, also where it is this worker's own commit whose answer was lost.
constexpr const char* note_sent_template =
    "WITH held AS (SELECT id AS held_id FROM @ WHERE id = $1 FOR UPDATE SKIP LOCKED),"
    " free AS (SELECT WHERE EXISTS (SELECT FROM held) OR NOT EXISTS (SELECT FROM @ WHERE id = $1)),"
    " moved AS (UPDATE @ SET"
    "  delivery_status = CASE WHEN delivery_status <> 'unknown' THEN delivery_status ELSE 'sent' "
    "END,"
    "  status = 'completed', finished_at = COALESCE(finished_at, now()), starts = 0,"
    "  lease_token = NULL, lease_until = NULL, provider = $3, provider_message_id = $4,"
    "  sent_at = COALESCE(sent_at, now() - $5::bigint * interval '1 millisecond')"
    "  WHERE id = (SELECT held_id FROM held) AND (status IN ('pending', 'processing')"
    "   OR (status = 'failed' AND delivery_status IN ('unknown', 'failed')))),"
    " noted AS (INSERT INTO message_events (queue, message_id, at, status, provider, "
    "provider_message_id, "
    "reason)"
    "  SELECT $2, $1::text, now() - $5::bigint * interval '1 millisecond', 'sent', $3, $4, $6 FROM "
    "free"
    "  WHERE NOT EXISTS (SELECT FROM message_events WHERE queue = $2 AND message_id = $1::text"
    "   AND status = 'sent' AND provider = $3 AND provider_message_id IS NOT DISTINCT FROM $4))"
    " SELECT FROM free";

std::string filled(std::string_view text, const std::string& table, const std::string& id_type) {
    std::string sql;
    for (const char c : text) {
        sql += c == '@' ? table : c == '#' ? id_type : std::string(1, c);
    }
    return sql;
}

PgParameter unless_empty(const std::string& text) {
    return text.empty() ? PgParameter() : PgParameter(text);
}

void add_unless_empty(PgArray& array, const std::string& text) {
    if (text.empty()) {
        array.add_null();
    } else {
        array.add(text);
    }
}

std::int64_t age_ms(const MessageEnd& end) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(MessageEnd::Clock::now() - end.at)
        .count();
}

// As the statement's parameters name them.
struct EndColumns {
    PgArray id, token, status, delivery_status, sent, attempts, unknowns, throttled, delay_ms,
        error, provider, provider_message_id, age;

    void add(const MessageEnd& end) {
        id.add(end.id);
        token.add(end.lease_token);
        status.add(end.status);
        add_unless_empty(delivery_status, end.delivery_status);
        sent.add(end.sent ? "t" : "f");
        attempts.add(std::int64_t{end.attempts});
        unknowns.add(std::int64_t{end.unknowns});
        throttled.add(std::int64_t{end.throttled});
        delay_ms.add(std::int64_t{end.delay.count()});
        add_unless_empty(error, end.error);
        add_unless_empty(provider, end.provider);
        add_unless_empty(provider_message_id, end.provider_message_id);
        age.add(age_ms(end));
    }
};

struct EventColumns {
    PgArray id, age, status, provider, provider_message_id, reason, token;

    void add(const MessageEnd& end) {
        for (const auto& event : end.events) {
            id.add(end.id);
            token.add(end.lease_token);
            age.add(age_ms(end));
            status.add(event.status);
            add_unless_empty(provider, event.provider);
            add_unless_empty(provider_message_id, event.provider_message_id);
            add_unless_empty(reason, event.reason);
        }
    }
};

std::string text_of(const Job& job, std::size_t column) {
    return job.columns.at(column).value_or(std::string());
}

TakenMessage taken_from(Job job) {
    TakenMessage taken;
    auto& message = taken.message;
    message.type = text_of(job, 0);
    message.to = text_of(job, 1);
    message.delivery_status = text_of(job, 3);
    message.provider = text_of(job, 4);
    message.unknowns = std::atoi(text_of(job, 5).c_str());
    message.throttled = std::atoi(text_of(job, 6).c_str());
    message.created_ms = std::atoll(text_of(job, 7).c_str());
    message.data = nlohmann::json::object();
    if (is_reported(message) || job.starts > 1) {
        // Nobody reads what it says.
    } else if (!job.columns.at(2)) {
        taken.error = "data is missing, or larger than 64 KiB";
    } else {
        message.data = nlohmann::json::parse(*job.columns.at(2), nullptr, false);
        if (!message.data.is_object()) {
            taken.error = "data is no JSON object";
            message.data = nlohmann::json::object();
        }
    }
    job.columns.clear();
    message.job = std::move(job);
    return taken;
}

}  // namespace

MessageTable::MessageTable(const std::string& queue)
    : queue_(queue), jobs_(queue + "_queue", columns(), "idempotency_key IS NOT NULL") {}

std::vector<TakenMessage> MessageTable::take(PgConnection& pg, int max,
                                             std::chrono::seconds lease) const {
    std::vector<TakenMessage> taken;
    for (auto& job : jobs_.take(pg, max, lease)) {
        taken.push_back(taken_from(std::move(job)));
    }
    return taken;
}

std::vector<MessageTable::Written> MessageTable::settle(PgConnection& pg,
                                                        const std::vector<MessageEnd>& ends) {
    prepare_statements(pg);
    EndColumns rows;
    EventColumns events;
    for (const auto& end : ends) {
        rows.add(end);
        events.add(end);
    }
    // By the lease as well: a row that was taken again meanwhile has two ends.
    std::map<std::pair<std::string, std::string>, Written> known;
    const auto row_key = [](const PgResult& rows, int row) {
        return std::pair(std::string(rows.text(row, 0)), std::string(rows.text(row, 1)));
    };
    const auto settled = pg.execute(settle_sql_.c_str(), {rows.id.literal(),
                                                          rows.token.literal(),
                                                          rows.status.literal(),
                                                          rows.delivery_status.literal(),
                                                          rows.sent.literal(),
                                                          rows.attempts.literal(),
                                                          rows.unknowns.literal(),
                                                          rows.throttled.literal(),
                                                          rows.delay_ms.literal(),
                                                          rows.error.literal(),
                                                          rows.provider.literal(),
                                                          rows.provider_message_id.literal(),
                                                          rows.age.literal(),
                                                          queue_,
                                                          events.id.literal(),
                                                          events.age.literal(),
                                                          events.status.literal(),
                                                          events.provider.literal(),
                                                          events.provider_message_id.literal(),
                                                          events.reason.literal(),
                                                          events.token.literal()});
    for (int row = 0; row < settled.rows(); ++row) {
        known.emplace(row_key(settled, row), Written::settled);
    }
    if (known.size() < ends.size()) {
        const auto locked =
            pg.execute(locked_sql_.c_str(), {rows.id.literal(), rows.token.literal()});
        for (int row = 0; row < locked.rows(); ++row) {
            known.emplace(row_key(locked, row), Written::locked);
        }
    }
    std::vector<Written> written;
    for (const auto& end : ends) {
        const auto found = known.find({end.id, end.lease_token});
        if (found != known.end()) {
            written.push_back(found->second);
        } else {
            const bool waits = end.sent && !note_sent(pg, end);
            written.push_back(waits ? Written::locked : Written::lost);
        }
    }
    return written;
}

bool MessageTable::note_sent(PgConnection& pg, const MessageEnd& end) const {
    const auto noted =
        pg.execute(note_sent_sql_.c_str(),
                   {end.id, queue_, end.provider, unless_empty(end.provider_message_id),
                    std::to_string(age_ms(end)),
                    end.events.empty() ? PgParameter() : unless_empty(end.events.back().reason)});
    return noted.rows() > 0;
}

void MessageTable::prepare_statements(PgConnection& pg) {
    if (settle_sql_.empty()) {
        const auto id_type = row_id_type(pg, name());
        locked_sql_ = filled(locked_template, name(), id_type);
        note_sent_sql_ = filled(note_sent_template, name(), id_type);
        settle_sql_ = filled(settle_template, name(), id_type);
    }
}

}  // namespace coupon
