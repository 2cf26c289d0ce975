#include "runtime/envelope_sql.hpp"

namespace coupon {
namespace {

// Rows of the back end and of ours are one message where all of these agree. One that has forgotten
// its recipient still tells whether it was this one.
constexpr const char* same_message =
    "known.type = entry.type AND known.\"to\"::text IN (entry.recipient,"
    " coupon_forgotten_recipient(known.id::text, entry.recipient))";

constexpr const char* entry_sql =
    "WITH given AS (SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[],"
    "   $5::jsonb[], $6::text[], $7::int[], $8::text[], $9::bigint[], $10::bigint[], $11::text[],"
    "   $12::text[])"
    "  AS given (uuid, id, type, recipient, data, own_key, attempts, correlation_id, enqueued,"
    "   scheduled, error, raw)),"
    " dated AS (SELECT *, CASE WHEN to_timestamp(enqueued / 1000.0)"
    "   BETWEEN now() - interval '30 days' AND now() THEN to_timestamp(enqueued / 1000.0)"
    "   ELSE now() END AS at FROM given),"
    " named AS MATERIALIZED (SELECT *, coupon_message_key(type, recipient, data, id, at) AS made_key"
    "  FROM dated),"
    " entry AS (SELECT *, own_key IS NULL AND made_key = id AS key_is_id,"
    "  COALESCE(own_key, made_key) AS key,"
    // Numbers that no bigint holds are nobody's id.
    "  CASE WHEN id ~ '^[0-9]{1,18}$' THEN id::bigint END AS number FROM named)";

// What every job table has, and where an entry says it.
constexpr const char* job_columns =
    ", attempts, correlation_id, created_at, scheduled_at, status, last_error, raw, finished_at)";
constexpr const char* job_values =
    ", attempts, correlation_id,"
    "  at, COALESCE(to_timestamp(scheduled / 1000.0), now()),"
    "  CASE WHEN error IS NULL THEN 'pending' ELSE 'failed' END, error, raw,"
    "  CASE WHEN error IS NOT NULL THEN now() END";

// By the unique index over the digests, which a key keeps when its message is forgotten.
std::string same_key(const std::string& key) {
    return "known.idempotency_key IS NOT NULL"
           " AND coupon_key_digest(known.idempotency_key::text) = coupon_key_digest(" +
           key + ")";
}

// The row that has the entry's identity, where identity is not the producer's own key.
std::string holder(bool uuids) {
    const std::string keyed = "entry.key_is_id AND " + same_key("entry.key");
    return uuids ? "(known.id = entry.uuid OR " + keyed + ")" : keyed;
}

std::string where_new(const std::string& table, bool uuids) {
    if (uuids) {
        return "true";
    }
    // The back end's own row, pushed as well; a row that has forgotten its recipient has no data to tell
    // by either. Beyond that, ids are the table's business.
    return "NOT EXISTS (SELECT FROM " + table + " AS known WHERE known.id = entry.number AND " +
           same_message +
           " AND (known.\"to\"::text LIKE 'gone:%' OR"
           " coupon_message_key(known.type, known.\"to\", known.data::jsonb, entry.id, entry.at)"
           " = entry.made_key))";
}

std::string where_apart(const std::string& table, bool uuids) {
    const auto known = "EXISTS (SELECT FROM " + table + " AS known WHERE " + holder(uuids);
    return "entry.error IS NULL AND " + known + ") AND NOT " + known + " AND " + same_message + ")";
}

}  // namespace

std::string envelope_insert_sql(const std::string& table, const std::string& id_type, bool apart) {
    const bool uuids = id_type == "uuid";
    const std::string identity = "entry.type || ':' || entry.recipient || ':' || entry.id";
    const std::string id = apart ? "md5(" + identity + ")::uuid" : "entry.uuid";
    const std::string key =
        apart ? "CASE WHEN entry.key_is_id THEN " + identity + " ELSE entry.key END" : "entry.key";
    return std::string(entry_sql) + ", made AS (INSERT INTO " + table + " (" +
           (uuids ? "id, " : "") +
           "type, \"to\", data, idempotency_key" +
           job_columns +
           " SELECT " +
           (uuids ? id + ", " : "") + "type, recipient, data, " + key +
           job_values + " FROM entry WHERE " +
           (apart ? where_apart(table, uuids) : where_new(table, uuids)) +
           // In one order, as every writer takes its locks.
           " ORDER BY key"
           " ON CONFLICT DO NOTHING RETURNING id, status, last_error),"
           " told AS (INSERT INTO message_events (queue, message_id, status, reason)"
           "  SELECT $13, id::text, 'failed', last_error FROM made WHERE status = 'failed')"
           " SELECT status = 'failed' FROM made";
}

std::string job_insert_sql(const std::string& table) {
    return std::string(entry_sql) + " INSERT INTO " + table +
           " (id, type, network, data, idempotency_key" + job_columns +
           " SELECT uuid, type, NULLIF(data ->> 'network', ''), data, own_key" + job_values +
           " FROM entry ORDER BY uuid ON CONFLICT DO NOTHING RETURNING status = 'failed'";
}

std::string rows_without_key_sql(const std::string& table) {
    return "SELECT id::text FROM " + table +
           " WHERE status = 'pending' AND idempotency_key IS NULL ORDER BY created_at LIMIT $1";
}

// Rows that another intake has at hand are left to it. A key that is given between the look and the
// write makes the unique index refuse the statement; who repeats it sees the winner.
std::string give_keys_sql(const std::string& table, const std::string& id_type) {
    const std::string same = "FROM judged WHERE job.id = judged.id AND ";
    return "WITH mine AS MATERIALIZED (SELECT id, created_at, type, \"to\","
           "  COALESCE(btrim(type), '') = '' AS no_type, COALESCE(btrim(\"to\"), '') = '' AS no_to,"
           "  coupon_message_key(type, \"to\", data::jsonb, id::text,"
           "   COALESCE(created_at::timestamptz, now())) AS key FROM " +
           table + " WHERE id = ANY ($1::" + id_type +
           // COALESCE keeps the planner from walking all rows without a key for these few.
           "[]) AND COALESCE(status, '') = 'pending' AND idempotency_key IS NULL"
           "  FOR UPDATE SKIP LOCKED),"
           // An id alone may be the key of an entry that has nothing to do with this row.
           " named AS (SELECT id, created_at, no_type, no_to, CASE WHEN key = id::text AND EXISTS"
           "   (SELECT FROM " +
           table +
           " AS known WHERE " + same_key("mine.key") +
           "    AND (known.type IS DISTINCT FROM mine.type OR (known.\"to\" IS DISTINCT FROM mine.\"to\""
           "     AND known.\"to\"::text IS DISTINCT FROM"
           "      coupon_forgotten_recipient(known.id::text, mine.\"to\"::text))))"
           "   THEN type || ':' || \"to\" || ':' || key ELSE key END AS key FROM mine),"
           " ranked AS (SELECT *, first_value(id) OVER (PARTITION BY no_type OR no_to, key"
           "   ORDER BY created_at, id) AS first_id FROM named),"
           " judged AS (SELECT ranked.*, known.id AS known_id FROM ranked LEFT JOIN " +
           table +
           " AS known ON " + same_key("ranked.key") + "),"
           " failed AS (UPDATE " +
           table +
           " AS job SET status = 'failed', finished_at = now(), last_error ="
           "  CASE WHEN no_type THEN 'the row has no type' ELSE 'the row has no recipient (\"to\")'"
           "  END " +
           same +
           "(no_type OR no_to)"
           "  RETURNING job.id, 'failed' AS status, last_error),"
           " doubled AS (UPDATE " +
           table +
           " AS job SET status = 'completed', delivery_status = 'duplicate', finished_at = now(),"
           "  last_error = 'the same message as ' || COALESCE(known_id, first_id)::text " +
           same +
           "NOT (no_type OR no_to) AND (known_id IS NOT NULL OR judged.id <> first_id)"
           "  RETURNING job.id, 'duplicate' AS status, last_error),"
           " keyed AS (UPDATE " +
           table + " AS job SET idempotency_key = judged.key " + same +
           "NOT (no_type OR no_to) AND known_id IS NULL AND judged.id = first_id"
           "  RETURNING job.id, 'pending' AS status, last_error),"
           " told AS (INSERT INTO message_events (queue, message_id, status, reason)"
           "  SELECT $2, id::text, status, last_error FROM"
           "   (SELECT * FROM failed UNION ALL SELECT * FROM doubled) AS ended)"
           " SELECT status FROM (SELECT status FROM failed UNION ALL SELECT status FROM doubled"
           "  UNION ALL SELECT status FROM keyed) AS written";
}

std::string fail_row_sql(const std::string& table, const std::string& id_type) {
    return "WITH failed AS (UPDATE " + table +
           " SET status = 'failed', finished_at = now(), last_error = $2 WHERE id = $1::" +
           id_type +
           " AND status = 'pending' AND idempotency_key IS NULL RETURNING id)"
           " INSERT INTO message_events (queue, message_id, status, reason)"
           " SELECT $3, id::text, 'failed', $2 FROM failed";
}

}  // namespace coupon
