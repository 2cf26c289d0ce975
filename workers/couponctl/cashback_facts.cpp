#include "couponctl/cashback_facts.hpp"

#include "couponctl/cashback_where.hpp"

namespace coupon {
namespace {

using nlohmann::ordered_json;

#define COUPON_AT(time) "to_char(" time " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"

constexpr const char* transaction_sql =
    "SELECT json_build_object('network', network, 'id', transaction_id, 'order', order_ref,"
    "  'status', status, 'state', state, 'sale', sale::text, 'commission', commission::text,"
    "  'currency', currency, 'sub_id', subid, 'user', user_id,"
    "  'occurred', " COUPON_AT("occurred_at") ", 'first_seen', " COUPON_AT("first_seen_at") ","
    "  'changed', " COUPON_AT("changed_at") ", 'last_seen', " COUPON_AT("last_seen_at") ","
    "  'unmatched', unmatched, 'problem', problem, 'waits', processed < version),"
    " click_id::text, user_id::text, network, transaction_id, subid"
    " FROM affiliate_transactions WHERE id = $1::bigint";

constexpr const char* click_sql =
    "SELECT json_build_object('id', c.click_id, 'at', " COUPON_AT("c.clicked_at") ","
    "  'user', c.user_id, 'offer', o.id, 'title', o.title, 'merchant', m.slug,"
    "  'destination', substring(COALESCE(NULLIF(o.affiliate_url, ''), m.tracking_url_template)"
    "    from '^[a-zA-Z]+://([^/?#]+)'),"
    "  'device', c.device_type, 'flags', NULLIF(array_to_string(c.flags, ' '), ''))"
    " FROM offer_clicks_all c LEFT JOIN offers o ON o.id = c.offer_id"
    " LEFT JOIN merchants m ON m.id = COALESCE(c.merchant_id, o.merchant_id)"
    " WHERE c.click_id = $1::uuid LIMIT 1";

constexpr const char* postbacks_sql =
    "SELECT json_agg(json_build_object('at', " COUPON_AT("COALESCE(w.received_at, j.created_at)") ","
    "  'network', j.network, 'status', j.data ->> 'status', 'amount', j.data ->> 'amount',"
    "  'job', j.status, 'error', j.last_error, 'webhook', w.id) ORDER BY j.created_at)"
    " FROM cashback_jobs j LEFT JOIN LATERAL (SELECT id, received_at FROM webhook_logs WHERE id ="
    "  CASE WHEN j.data ->> 'webhook_log' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'"
    "   THEN (j.data ->> 'webhook_log')::uuid END LIMIT 1) AS w ON true"
    " WHERE j.type = 'postback' AND (j.network = $1 AND j.data ->> 'id' = $2"
    "  OR j.data ->> 'click' = $3)";

constexpr const char* states_sql =
    "SELECT json_agg(json_build_object('at', " COUPON_AT("at") ","
    "  'of', CASE WHEN event_id IS NULL THEN 'network' ELSE 'cashback' END,"
    "  'from', from_state, 'to', to_state, 'amount', amount::text, 'cause', cause) ORDER BY id)"
    " FROM cashback_transitions WHERE source_id = $1::bigint";

constexpr const char* events_sql =
    "SELECT json_agg(json_build_object('id', id, 'generation', generation, 'user', user_id,"
    "  'status', status::text,"
    "  'cashback', cashback_amount::text, 'commission', commission_amount::text,"
    "  'currency', currency, 'paid', " COUPON_AT("paid_at") ", 'changed', " COUPON_AT("updated_at") ")"
    "  ORDER BY generation) FROM cashback_events WHERE source_id = $1::bigint";

// The postings of the events, and what undid them.
#define COUPON_POSTINGS                                                                          \
    "WITH own AS (SELECT unnest(ARRAY[ledger_commission, ledger_credit, ledger_reversal]) AS id" \
    "   FROM cashback_events WHERE source_id = $1::bigint),"                                     \
    " postings AS (SELECT id FROM own UNION SELECT t.id FROM own JOIN ledger_transactions t"     \
    "   ON t.reverses = own.id)"

constexpr const char* ledger_sql = COUPON_POSTINGS
    " SELECT json_agg(json_build_object('at', " COUPON_AT("t.created_at") ", 'id', t.id,"
    "  'kind', t.kind, 'key', t.key, 'account', e.account, 'user', e.user_id,"
    "  'amount', e.amount::text, 'cause', t.cause) ORDER BY t.id, e.line)"
    " FROM postings JOIN ledger_transactions t ON t.id = postings.id"
    " JOIN ledger_entries e ON e.transaction_id = t.id";

constexpr const char* wallet_sql = COUPON_POSTINGS
    " SELECT json_agg(json_build_object('at', " COUPON_AT("w.created_at") ", 'type', w.type::text,"
    "  'amount', w.amount::text, 'before', w.balance_before::text, 'after', w.balance_after::text)"
    "  ORDER BY w.id)"
    " FROM postings JOIN wallet_transactions w ON w.ledger_transaction_id = postings.id";

#undef COUPON_POSTINGS

constexpr const char* withdrawals_sql =
    "SELECT json_agg(json_build_object('asked', " COUPON_AT("w.created_at") ","
    "  'amount', w.amount::text, 'status', w.status::text, 'method', w.method, 'utr', w.utr,"
    "  'processed', " COUPON_AT("w.processed_at") ") ORDER BY w.id)"
    " FROM withdrawals w JOIN (SELECT user_id, min(paid_at) AS paid_at FROM cashback_events"
    "   WHERE source_id = $1::bigint GROUP BY user_id) AS credit ON credit.user_id = w.user_id"
    " WHERE COALESCE(w.processed_at, w.created_at) >= credit.paid_at";

ordered_json one(const PgResult& rows) {
    if (rows.rows() == 0 || rows.is_null(0, 0)) {
        return nullptr;
    }
    return ordered_json::parse(rows.text(0, 0));
}

ordered_json list(const PgResult& rows) {
    auto value = one(rows);
    return value.is_null() ? ordered_json::array() : value;
}

PgParameter column(const PgResult& rows, int place) {
    return rows.is_null(0, place) ? PgParameter() : PgParameter(rows.text(0, place));
}

}  // namespace

ordered_json facts_of_transaction(PgConnection& pg, const std::string& id) {
    const auto row = pg.execute(transaction_sql, {id});
    ordered_json facts{{"where", ""}, {"transaction", one(row)}};
    const auto click_id = column(row, 1);
    facts["click"] = click_id ? one(pg.execute(click_sql, {click_id})) : nullptr;
    facts["postbacks"] = list(pg.execute(
        postbacks_sql, {column(row, 3), column(row, 4), click_id ? click_id : column(row, 5)}));
    facts["states"] = list(pg.execute(states_sql, {id}));
    facts["cashback"] = list(pg.execute(events_sql, {id}));
    facts["ledger"] = list(pg.execute(ledger_sql, {id}));
    facts["wallet"] = list(pg.execute(wallet_sql, {id}));
    facts["withdrawals"] = list(pg.execute(withdrawals_sql, {id}));
    facts["where"] = where_cashback_is(facts);
    return facts;
}

ordered_json facts_of_click(PgConnection& pg, const std::string& click_id) {
    ordered_json facts{{"where", ""}, {"click", one(pg.execute(click_sql, {click_id}))}};
    facts["postbacks"] = list(pg.execute(postbacks_sql, {"", "", click_id}));
    facts["where"] = where_cashback_is(facts);
    return facts;
}

}  // namespace coupon
