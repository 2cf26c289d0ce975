#include "cashback/settle_cashback.hpp"

#include <algorithm>
#include <array>

#include "cashback/event_writer.hpp"
#include "cashback/result_row.hpp"
#include "cashback/taken_transactions.hpp"

namespace coupon {
namespace {

constexpr const char* reverse_sql =
    "SELECT cashback_reverse(source_id, cause)"
    " FROM unnest($1::bigint[], $2::text[]) AS step (source_id, cause)";

constexpr const char* credit_sql =
    "SELECT cashback_credit(source_id, cause, tell)"
    " FROM unnest($1::bigint[], $2::text[], $3::boolean[]) AS step (source_id, cause, tell)";

// A transaction that could not have its effect keeps what its last one knew.
constexpr const char* done_sql =
    "UPDATE affiliate_transactions t SET processed = t.version, problem = $11 || done.problem,"
    "  effect_state = CASE WHEN done.problem IS NULL THEN t.state ELSE t.effect_state END,"
    "  click_id = done.click_id, clicked_at = timestamptz 'epoch' + done.clicked_ms * interval"
    "   '1 millisecond',"
    "  user_id = done.user_id, offer_id = done.offer_id, merchant_id = done.merchant_id,"
    "  unmatched = done.unmatched, duplicate_of = done.duplicate_of, matched_subid = done.subid"
    " FROM unnest($1::bigint[], $2::text[], $3::uuid[], $4::bigint[], $5::bigint[], $6::bigint[],"
    "   $7::bigint[], $8::text[], $9::bigint[], $10::text[])"
    "  AS done (id, problem, click_id, clicked_ms, user_id, offer_id, merchant_id, unmatched,"
    "   duplicate_of, subid)"
    " WHERE t.id = done.id";

constexpr const char* unreadable_sql =
    "UPDATE affiliate_transactions SET processed = version WHERE id = ANY ($1::bigint[])";

// Run, what the network says, and what else there is to know.
std::string cause_of(const PlannedTransaction& one, const std::string& cause) {
    const auto& row = one.row;
    auto text = cause + ": " + row.network + " says " +
                (row.status.empty() ? std::string(state_word(row.state)) : row.status);
    if (!one.plan.reason.empty()) {
        text += "; " + one.plan.reason;
    }
    return text;
}

using InUserOrder = std::vector<const PlannedTransaction*>;

InUserOrder in_user_order(const std::vector<PlannedTransaction>& transactions,
                          bool CreditPlan::*step) {
    InUserOrder chosen;
    for (const auto& one : transactions) {
        if (one.plan.*step) {
            chosen.push_back(&one);
        }
    }
    // The owner may have changed since it was paid; then two wallets are locked, one each time.
    std::sort(chosen.begin(), chosen.end(), [](const auto* a, const auto* b) {
        return std::pair(a->row.user_id, a->row.id) < std::pair(b->row.user_id, b->row.id);
    });
    return chosen;
}

void reverse(PgConnection& pg, const std::vector<PlannedTransaction>& transactions,
             const std::string& cause) {
    PgArray sources, causes;
    for (const auto* one : in_user_order(transactions, &CreditPlan::reverse)) {
        sources.add(one->row.id);
        causes.add(cause_of(*one, cause));
    }
    if (!sources.empty()) {
        pg.execute(reverse_sql, {sources.literal(), causes.literal()});
    }
}

void credit(PgConnection& pg, const std::vector<PlannedTransaction>& transactions,
            const std::string& cause) {
    PgArray sources, causes, tell;
    for (const auto* one : in_user_order(transactions, &CreditPlan::credit)) {
        sources.add(one->row.id);
        causes.add(cause_of(*one, cause));
        tell.add(one->plan.tell ? "t" : "f");
    }
    if (!sources.empty()) {
        pg.execute(credit_sql, {sources.literal(), causes.literal(), tell.literal()});
    }
}

// What the network said, or why it is nobody's, where no event tells it.
void add_own_transitions(TransitionWriter& transitions, const PlannedTransaction& one,
                         const std::string& cause) {
    const auto& row = one.row;
    const bool is_event_told = one.plan.open || one.plan.change || one.plan.reverse;
    if (row.state_before ? *row.state_before != row.state : !is_event_told) {
        transitions.add(row.id, std::nullopt,
                        row.state_before ? state_word(*row.state_before) : std::string_view(),
                        state_word(row.state), row.commission, cause);
    }
    if (row.unmatched != row.unmatched_before && !row.unmatched.empty()) {
        transitions.add(row.id, std::nullopt, "", "unmatched", std::nullopt, cause);
    }
}

void write_events(PgConnection& pg, const std::vector<PlannedTransaction>& transactions,
                  const std::string& cause) {
    std::array<EventWriter, 3> events{EventWriter(EventStatus::pending),
                                      EventWriter(EventStatus::confirmed),
                                      EventWriter(EventStatus::rejected)};
    const auto writer_of = [&](EventStatus status) -> EventWriter& {
        return events[status == EventStatus::pending     ? 0
                      : status == EventStatus::confirmed ? 1
                                                         : 2];
    };
    TransitionWriter transitions;
    for (const auto& one : transactions) {
        const auto& row = one.row;
        if (!row.problem.empty() || !row.is_readable) {
            continue;
        }
        const auto why = cause_of(one, cause);
        add_own_transitions(transitions, one, why);
        if (const auto& change = one.plan.change) {
            writer_of(change->status).change(row.event->id, change->facts);
            transitions.add(row.id, row.event->generation, event_word(row.event->status),
                            event_word(change->status), change->facts.cashback, why);
        }
        if (const auto& open = one.plan.open) {
            const auto generation = row.event ? row.event->generation + 1 : 1;
            writer_of(open->status).open(row, generation, open->facts);
            transitions.add(row.id, generation, "", event_word(open->status), open->facts.cashback,
                            why);
        }
    }
    for (const auto& writer : events) {
        writer.write(pg);
    }
    transitions.write(pg);
}

void write_done(PgConnection& pg, const std::vector<PlannedTransaction>& transactions) {
    PgArray unreadable;
    PgArray ids, problems, clicks, times, users, offers, merchants, unmatched, duplicates, subids;
    for (const auto& [row, plan] : transactions) {
        if (!row.is_readable) {
            unreadable.add(row.id);
            continue;
        }
        ids.add(row.id);
        add_unless_empty(problems, row.problem);
        add_unless_empty(clicks, row.click_id);
        add_optional(times, row.clicked_ms);
        add_optional(users, row.user_id);
        add_optional(offers, row.offer_id);
        add_optional(merchants, row.merchant_id);
        add_unless_empty(unmatched, row.unmatched);
        add_optional(duplicates, row.duplicate_of);
        add_unless_empty(subids, row.user_id ? row.subid : std::string());
    }
    if (!unreadable.empty()) {
        pg.execute(unreadable_sql, {unreadable.literal()});
    }
    if (!ids.empty()) {
        pg.execute(done_sql,
                   {ids.literal(), problems.literal(), clicks.literal(), times.literal(),
                    users.literal(), offers.literal(), merchants.literal(), unmatched.literal(),
                    duplicates.literal(), subids.literal(), no_effect});
    }
}

}  // namespace

void settle_cashback(PgConnection& pg, const std::vector<PlannedTransaction>& transactions,
                     const std::string& cause) {
    reverse(pg, transactions, cause);
    write_events(pg, transactions, cause);
    write_done(pg, transactions);
    credit(pg, transactions, cause);
}

}  // namespace coupon
