#include "cashback/taken_transactions.hpp"

#include <string_view>

#include "cashback/result_row.hpp"

namespace coupon {
namespace {

// Texts and numbers are cast where a column may be of another program's type.
#define COUPON_TAKE_SQL(WHICH)                                                                     \
    "SELECT t.id, t.network, t.transaction_id, t.subid, t.order_ref, t.status, t.currency, "       \
    "t.state,"                                                                                     \
    "  (t.commission * 100)::bigint, (t.sale * 100)::bigint,"                                      \
    "  (extract(epoch FROM t.occurred_at) * 1000)::bigint,"                                        \
    "  COALESCE(t.problem LIKE 'no effect: %', true), t.effect_state, t.unmatched,"                \
    "  t.matched_subid, t.click_id, (extract(epoch FROM t.clicked_at) * 1000)::bigint, t.user_id," \
    "  t.offer_id, t.merchant_id,"                                                                 \
    "  " COUPON_EVENT_COLUMNS                                                                      \
    " FROM affiliate_transactions t LEFT JOIN LATERAL (SELECT * FROM cashback_events"              \
    "  WHERE source_id = t.id ORDER BY generation DESC LIMIT 1) e ON true"                         \
    " WHERE t.processed < t.version AND " WHICH

// The network is asked for so that no index of it serves: in the order of the index of what is to do,
// a batch reads its own rows. By the network's it would read all that the network ever reported, each
// time.
constexpr const char* oldest_sql = COUPON_TAKE_SQL(
    "(t.network || '') = ANY ($1::text[]) AND t.id <> ALL ($3::bigint[]) ORDER BY t.id LIMIT $2::int"
    " FOR UPDATE OF t SKIP LOCKED");

constexpr const char* these_sql = COUPON_TAKE_SQL(
    "t.network = ANY ($1::text[]) AND t.id = ANY ($2::bigint[]) ORDER BY t.id"
    " FOR UPDATE OF t SKIP LOCKED");

constexpr const char* any_sql =
    COUPON_TAKE_SQL("t.id = ANY ($1::bigint[]) ORDER BY t.id FOR UPDATE OF t");

#undef COUPON_TAKE_SQL

constexpr const char* anew_sql =
    "UPDATE affiliate_transactions SET version = version + 1"
    " WHERE id = ANY ($1::bigint[]) AND processed >= version";

EventStatus parse_event_status(std::string_view word) {
    for (const auto status :
         {EventStatus::pending, EventStatus::confirmed, EventStatus::paid, EventStatus::rejected}) {
        if (word == event_word(status)) {
            return status;
        }
    }
    return EventStatus::reversed;
}

TransactionRow read_transaction(ResultRow row) {
    TransactionRow transaction;
    transaction.id = row.number();
    transaction.network = row.text();
    transaction.transaction_id = row.text();
    transaction.subid = row.text();
    transaction.order_ref = row.text();
    transaction.status = row.text();
    transaction.currency = row.text();
    transaction.state = parse_network_state(row.text()).value_or(NetworkState::pending);
    transaction.commission = row.optional_number();
    transaction.sale = row.optional_number();
    transaction.occurred_ms = row.optional_number();
    transaction.is_readable = row.flag();
    transaction.state_before = parse_network_state(row.text());
    transaction.unmatched_before = row.text();
    transaction.matched_subid = row.text();
    transaction.click_id = row.text();
    transaction.clicked_ms = row.optional_number();
    transaction.user_id = row.optional_number();
    transaction.offer_id = row.optional_number();
    transaction.merchant_id = row.optional_number();
    transaction.event = read_event(row);
    return transaction;
}

TransactionRows read_transactions(const PgResult& result) {
    TransactionRows rows;
    rows.reserve(static_cast<std::size_t>(result.rows()));
    for (int i = 0; i < result.rows(); ++i) {
        rows.push_back(read_transaction(ResultRow(result, i)));
    }
    return rows;
}

std::string literal(const std::vector<std::int64_t>& ids) {
    PgArray array;
    for (const auto id : ids) {
        array.add(id);
    }
    return array.literal();
}

std::string names_of(const std::map<std::string, NetworkState>& networks) {
    PgArray names;
    for (const auto& [name, credit_on] : networks) {
        names.add(name);
    }
    return names.literal();
}

}  // namespace

std::optional<CashbackEvent> read_event(ResultRow& row) {
    CashbackEvent event;
    const auto id = row.optional_number();
    event.id = id.value_or(0);
    event.generation = row.number();
    event.status = parse_event_status(row.text());
    event.facts.user_id = row.number();
    event.facts.click_id = row.text();
    event.facts.cashback = row.number();
    event.facts.commission = row.number();
    event.facts.sale = row.optional_number();
    event.facts.currency = row.text();
    event.facts.share_ms = row.optional_number();
    return id ? std::optional(event) : std::nullopt;
}

TransactionRows take_transactions(PgConnection& pg,
                                  const std::map<std::string, NetworkState>& networks,
                                  const std::vector<std::int64_t>& without, int max) {
    return read_transactions(
        pg.execute(oldest_sql, {names_of(networks), std::to_string(max), literal(without)}));
}

TransactionRows take_these(PgConnection& pg, const std::map<std::string, NetworkState>& networks,
                           const std::vector<std::int64_t>& ids) {
    return read_transactions(pg.execute(these_sql, {names_of(networks), literal(ids)}));
}

TransactionRows take_anew(PgConnection& pg, const std::vector<std::int64_t>& ids) {
    pg.execute(anew_sql, {literal(ids)});
    return read_transactions(pg.execute(any_sql, {literal(ids)}));
}

}  // namespace coupon
