#include "cashback/event_writer.hpp"

#include "cashback/result_row.hpp"

namespace coupon {
namespace {

constexpr const char* open_sql =
    "INSERT INTO cashback_events (source_id, generation, user_id, offer_id, click_id, merchant_id,"
    "  affiliate_transaction_id, transaction_amount, commission_amount, cashback_amount, currency,"
    "  share_at, status)"
    " SELECT source_id, generation, user_id, offer_id, click_id, merchant_id, name,"
    "  (sale / 100.0)::numeric(14,2), (commission / 100.0)::numeric(14,2),"
    "  (cashback / 100.0)::numeric(14,2), currency,"
    "  timestamptz 'epoch' + share_ms * interval '1 millisecond', $13"
    "  FROM unnest($1::bigint[], $2::integer[], $3::bigint[], $4::bigint[], $5::uuid[],"
    "   $6::bigint[], $7::text[], $8::bigint[], $9::bigint[], $10::bigint[], $11::text[],"
    "   $12::bigint[])"
    "  AS event (source_id, generation, user_id, offer_id, click_id, merchant_id, name, sale,"
    "   commission, cashback, currency, share_ms)";

constexpr const char* change_sql =
    "UPDATE cashback_events SET transaction_amount = (event.sale / 100.0)::numeric(14,2),"
    "  commission_amount = (event.commission / 100.0)::numeric(14,2),"
    "  cashback_amount = (event.cashback / 100.0)::numeric(14,2), currency = event.currency,"
    "  share_at = timestamptz 'epoch' + event.share_ms * interval '1 millisecond',"
    "  status = $7, updated_at = now()"
    " FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[],"
    "   $6::bigint[])"
    "  AS event (id, sale, commission, cashback, currency, share_ms)"
    " WHERE cashback_events.id = event.id";

constexpr const char* transition_sql =
    "INSERT INTO cashback_transitions (source_id, event_id, from_state, to_state, amount, cause)"
    " SELECT step.source_id, e.id, step.from_state, step.to_state,"
    "  (step.amount / 100.0)::numeric(14,2), step.cause"
    "  FROM unnest($1::bigint[], $2::integer[], $3::text[], $4::text[], $5::bigint[], $6::text[])"
    "   WITH ORDINALITY AS step (source_id, generation, from_state, to_state, amount, cause, place)"
    "  LEFT JOIN cashback_events e"
    "   ON e.source_id = step.source_id AND e.generation = step.generation"
    "  ORDER BY step.place";

}  // namespace

void EventWriter::Amounts::add(const EventFacts& facts) {
    add_optional(sale, facts.sale);
    commission.add(facts.commission);
    cashback.add(facts.cashback);
    currency.add(facts.currency);
    add_optional(share_ms, facts.share_ms);
}

void EventWriter::open(const TransactionRow& row, std::int64_t generation,
                       const EventFacts& facts) {
    sources_.add(row.id);
    generations_.add(generation);
    users_.add(facts.user_id);
    add_optional(offers_, row.offer_id);
    clicks_.add(facts.click_id);
    add_optional(merchants_, row.merchant_id);
    names_.add(row.transaction_id);
    opened_.add(facts);
}

void EventWriter::change(std::int64_t event_id, const EventFacts& facts) {
    changed_ids_.add(event_id);
    changed_.add(facts);
}

void EventWriter::write(PgConnection& pg) const {
    if (!changed_ids_.empty()) {
        pg.execute(change_sql,
                   {changed_ids_.literal(), changed_.sale.literal(), changed_.commission.literal(),
                    changed_.cashback.literal(), changed_.currency.literal(),
                    changed_.share_ms.literal(), event_word(status_)});
    }
    if (!sources_.empty()) {
        pg.execute(
            open_sql,
            {sources_.literal(), generations_.literal(), users_.literal(), offers_.literal(),
             clicks_.literal(), merchants_.literal(), names_.literal(), opened_.sale.literal(),
             opened_.commission.literal(), opened_.cashback.literal(), opened_.currency.literal(),
             opened_.share_ms.literal(), event_word(status_)});
    }
}

void TransitionWriter::add(std::int64_t source_id, std::optional<std::int64_t> generation,
                           std::string_view from, std::string_view to,
                           std::optional<std::int64_t> amount, std::string_view cause) {
    sources_.add(source_id);
    add_optional(generations_, generation);
    from.empty() ? from_.add_null() : from_.add(from);
    to_.add(to);
    add_optional(amounts_, amount);
    causes_.add(cause);
}

void TransitionWriter::write(PgConnection& pg) const {
    if (!sources_.empty()) {
        pg.execute(transition_sql, {sources_.literal(), generations_.literal(), from_.literal(),
                                    to_.literal(), amounts_.literal(), causes_.literal()});
    }
}

}  // namespace coupon
