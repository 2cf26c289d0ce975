#include "cashback/earlier_cashback.hpp"

#include <map>
#include <vector>

#include "cashback/earlier_verdict.hpp"
#include "cashback/result_row.hpp"
#include "cashback/taken_transactions.hpp"
#include "cashback/unmatched_reasons.hpp"

namespace coupon {
namespace {

// Each event with the report that it was for, by any network we ever heard of, where that is stored
// already; what is open by its own word may be paid by the user's statement. Written so that each
// step is a look-up by an index: the networks by that over their names, the events by their click
// and their user, the report by network and id.
constexpr const char* events_sql =
    "WITH RECURSIVE networks AS (SELECT min(network) AS name FROM affiliate_transactions UNION ALL"
    "  SELECT (SELECT min(network) FROM affiliate_transactions WHERE network > name)"
    "   FROM networks WHERE name IS NOT NULL)"
    " SELECT a.place, e.id, e.status::text = 'paid' OR COALESCE((SELECT sum(w.amount) > 0"
    "   FROM wallet_transactions w WHERE w.user_id = e.user_id AND w.ledger_transaction_id IS NULL"
    "    AND w.reference_type::text ILIKE 'cashback%' AND w.reference_id::text = e.id::text), "
    "false),"
    "  COALESCE(said.id IN (a.transaction_id, a.network || ':' || a.transaction_id)"
    "   AND COALESCE(e.click_id = a.click_id, e.user_id = a.user_id), false),"
    "  COALESCE(e.click_id = a.click_id, false), said.id,"
    "  COALESCE(NULLIF(e.order_ref, ''), t.order_ref), COALESCE(t.network, prefix.name),"
    "  (COALESCE(t.sale, e.transaction_amount) * 100)::bigint,"
    "  COALESCE(t.currency, e.currency::text), (extract(epoch FROM t.occurred_at) * 1000)::bigint,"
    "  (extract(epoch FROM e.created_at) * 1000)::bigint"
    " FROM unnest($1::bigint[], $2::uuid[], $3::bigint[], $4::bigint[], $5::text[], $6::text[])"
    "  AS a (place, click_id, user_id, merchant_id, network, transaction_id)"
    " CROSS JOIN LATERAL ("
    "  SELECT of_click.id FROM cashback_events of_click"
    "   WHERE of_click.source_id IS NULL AND of_click.click_id = a.click_id"
    "  UNION SELECT of_user.id FROM cashback_events of_user"
    "   WHERE of_user.source_id IS NULL AND of_user.user_id = a.user_id AND a.merchant_id ="
    "    COALESCE(of_user.merchant_id, (SELECT merchant_id FROM offers WHERE id = "
    "of_user.offer_id)))"
    "  AS found"
    " JOIN cashback_events e ON e.id = found.id"
    " CROSS JOIN LATERAL (SELECT e.affiliate_transaction_id::text) AS said (id)"
    " LEFT JOIN LATERAL (SELECT n.name FROM networks n WHERE starts_with(said.id, n.name || ':'))"
    "  AS prefix ON true"
    " LEFT JOIN LATERAL (SELECT r.* FROM networks n"
    "  CROSS JOIN LATERAL (SELECT said.id UNION ALL SELECT substr(said.id, length(n.name) + 2)"
    "   WHERE starts_with(said.id, n.name || ':')) AS named (id)"
    "  JOIN affiliate_transactions r ON r.network = n.name AND r.transaction_id = named.id"
    "   AND (r.click_id = e.click_id OR r.subid = e.click_id::text"
    "    OR e.click_id IS NULL AND r.user_id = e.user_id)"
    "  ORDER BY r.id LIMIT 1) AS t ON true"
    " WHERE e.status::text IN ('paid', 'confirmed', 'pending')"
    " ORDER BY a.place, e.status::text = 'paid' DESC, e.status::text, e.id";

// A line that names the transaction, its order or its click, each as a word of its own, and that
// was not taken back.
constexpr const char* lines_sql =
    "SELECT asked.place, min(w.id)"
    " FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS asked (place, user_id, word)"
    " JOIN wallet_transactions w ON w.user_id = asked.user_id AND w.ledger_transaction_id IS NULL"
    "  AND w.type::text ILIKE '%cashback%'"
    "  AND ' ' || w.description || ' ' ~* ('[^[:alnum:]]'"
    "   || regexp_replace(asked.word, '([^[:alnum:]])', '\\\\\\1', 'g') || '[^[:alnum:]]')"
    " GROUP BY asked.place, asked.word HAVING sum(w.amount) > 0";

// Shorter ones may stand in any text.
constexpr std::size_t word_bytes_min = 5;

constexpr const char* take_over_sql =
    "UPDATE cashback_events e SET source_id = taken.source_id, generation = 1, updated_at = now()"
    " FROM (SELECT DISTINCT ON (event_id) place, event_id, source_id"
    "   FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS one (place, event_id, source_id)"
    "   ORDER BY event_id, source_id) AS taken"
    " WHERE e.id = taken.event_id AND e.source_id IS NULL"
    " RETURNING taken.place, " COUPON_EVENT_COLUMNS;

using Places = std::vector<std::size_t>;
using Open = std::map<std::size_t, std::int64_t>;  // by place: the event that is to go on

EarlierEvent read_earlier(ResultRow& row) {
    EarlierEvent event;
    event.id = row.number();
    event.is_paid = row.flag();
    event.is_named = row.flag();
    event.is_of_click = row.flag();
    event.name = row.text();
    event.order_ref = row.text();
    event.network = row.text();
    event.sale = row.optional_number();
    event.currency = row.text();
    event.occurred_ms = row.optional_number();
    event.created_ms = row.optional_number();
    return event;
}

// What is certain comes before what is not, and an older event before a newer one.
Open judge_events(PgConnection& pg, std::span<TransactionRow> rows, const Places& asked) {
    PgArray places, clicks, users, merchants, networks, names;
    for (const auto place : asked) {
        const auto& row = rows[place];
        places.add(static_cast<std::int64_t>(place));
        add_unless_empty(clicks, row.click_id);
        users.add(*row.user_id);
        add_optional(merchants, row.merchant_id);
        networks.add(row.network);
        names.add(row.transaction_id);
    }
    const auto found =
        pg.execute(events_sql, {places.literal(), clicks.literal(), users.literal(),
                                merchants.literal(), networks.literal(), names.literal()});
    std::map<std::size_t, EarlierVerdict> worst;
    Open open;
    for (int i = 0; i < found.rows(); ++i) {
        ResultRow columns(found, i);
        const auto place = static_cast<std::size_t>(columns.number());
        const auto event = read_earlier(columns);
        auto& row = rows[place];
        if (!event.is_paid) {
            if (event.is_named && !row.event) {
                open.emplace(place, event.id);
            }
            continue;
        }
        const auto verdict = judge_earlier(row, event);
        if (verdict > worst[place]) {
            worst[place] = verdict;
            row.unmatched = verdict == EarlierVerdict::same
                                ? reasons::credited_before + "cashback event "
                                : reasons::maybe_credited_before;
            row.unmatched += std::to_string(event.id);
        }
    }
    return open;
}

void judge_lines(PgConnection& pg, std::span<TransactionRow> rows, const Places& asked) {
    PgArray places, users, words;
    for (const auto place : asked) {
        const auto& row = rows[place];
        for (const auto* word : {&row.transaction_id, &row.order_ref, &row.click_id}) {
            if (word->size() >= word_bytes_min) {
                places.add(static_cast<std::int64_t>(place));
                users.add(*row.user_id);
                words.add(*word);
            }
        }
    }
    const auto found = pg.execute(lines_sql, {places.literal(), users.literal(), words.literal()});
    for (int i = 0; i < found.rows(); ++i) {
        ResultRow line(found, i);
        auto& row = rows[static_cast<std::size_t>(line.number())];
        if (!row.unmatched.starts_with(reasons::credited_before)) {
            row.unmatched = reasons::credited_before + "line " + std::to_string(line.number()) +
                            " of the user's statement";
        }
    }
}

bool is_held(const TransactionRow& row) {
    return row.unmatched.starts_with(reasons::credited_before) ||
           row.unmatched.starts_with(reasons::maybe_credited_before);
}

void take_over(PgConnection& pg, std::span<TransactionRow> rows, const Open& open) {
    PgArray places, events, sources;
    for (const auto& [place, event_id] : open) {
        if (is_held(rows[place])) {
            continue;  // it is paid, or will be once that is known
        }
        places.add(static_cast<std::int64_t>(place));
        events.add(event_id);
        sources.add(rows[place].id);
    }
    if (places.empty()) {
        return;
    }
    const auto taken =
        pg.execute(take_over_sql, {places.literal(), events.literal(), sources.literal()});
    for (int i = 0; i < taken.rows(); ++i) {
        ResultRow event(taken, i);
        const auto place = static_cast<std::size_t>(event.number());
        rows[place].event = read_event(event);
    }
}

bool is_to_be_asked(const TransactionRow& row) {
    return row.is_readable && row.user_id && (!row.event || row.event->status != EventStatus::paid);
}

}  // namespace

void take_over_earlier_cashback(PgConnection& pg, std::span<TransactionRow> rows) {
    Places asked;
    for (std::size_t place = 0; place < rows.size(); ++place) {
        if (is_to_be_asked(rows[place])) {
            asked.push_back(place);
        }
    }
    if (asked.empty()) {
        return;
    }
    const auto open = judge_events(pg, rows, asked);
    judge_lines(pg, rows, asked);
    take_over(pg, rows, open);
}

}  // namespace coupon
