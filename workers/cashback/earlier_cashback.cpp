#include "cashback/earlier_cashback.hpp"

#include "cashback/result_row.hpp"
#include "cashback/taken_transactions.hpp"
#include "cashback/unmatched_reasons.hpp"

namespace coupon {
namespace {

// What is paid comes before what is open; an event is taken over by one transaction.
constexpr const char* earlier_sql =
    "SELECT DISTINCT ON (asked.place) asked.place, e.id, e.status::text"
    " FROM unnest($1::bigint[], $2::uuid[], $3::text[], $4::text[])"
    "  AS asked (place, click_id, name, full_name)"
    " JOIN cashback_events e ON e.source_id IS NULL AND e.click_id = asked.click_id"
    "  AND e.affiliate_transaction_id::text IN (asked.name, asked.full_name)"
    "  AND e.status::text IN ('paid', 'confirmed', 'pending')"
    " ORDER BY asked.place, e.status::text = 'paid' DESC, e.status::text, e.id";

constexpr const char* take_over_sql =
    "UPDATE cashback_events e SET source_id = taken.source_id, generation = 1, updated_at = now()"
    " FROM (SELECT DISTINCT ON (event_id) place, event_id, source_id"
    "   FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS one (place, event_id, source_id)"
    "   ORDER BY event_id, source_id) AS taken"
    " WHERE e.id = taken.event_id AND e.source_id IS NULL"
    " RETURNING taken.place, " COUPON_EVENT_COLUMNS;

}  // namespace

void take_over_earlier_cashback(PgConnection& pg, std::span<TransactionRow> rows) {
    PgArray places, clicks, names, full_names;
    for (std::size_t place = 0; place < rows.size(); ++place) {
        const auto& row = rows[place];
        if (row.is_readable && row.user_id && !row.event && !row.click_id.empty()) {
            places.add(static_cast<std::int64_t>(place));
            clicks.add(row.click_id);
            names.add(row.transaction_id);
            full_names.add(row.network + ":" + row.transaction_id);
        }
    }
    if (places.empty()) {
        return;
    }
    const auto found = pg.execute(
        earlier_sql, {places.literal(), clicks.literal(), names.literal(), full_names.literal()});
    PgArray open_places, events, sources;
    for (int i = 0; i < found.rows(); ++i) {
        ResultRow earlier(found, i);
        const auto place = earlier.number();
        auto& row = rows[static_cast<std::size_t>(place)];
        const auto id = earlier.number();
        if (earlier.text() == event_word(EventStatus::paid)) {
            row.unmatched = reasons::credited_before + std::to_string(id);
        } else {
            open_places.add(place);
            events.add(id);
            sources.add(row.id);
        }
    }
    if (open_places.empty()) {
        return;
    }
    const auto taken =
        pg.execute(take_over_sql, {open_places.literal(), events.literal(), sources.literal()});
    for (int i = 0; i < taken.rows(); ++i) {
        ResultRow event(taken, i);
        const auto place = static_cast<std::size_t>(event.number());
        rows[place].event = read_event(event);
    }
}

}  // namespace coupon
