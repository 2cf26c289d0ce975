#include "cashback/effects.hpp"

#include <iterator>
#include <optional>
#include <span>
#include <utility>

#include "cashback/desired.hpp"
#include "cashback/earlier_cashback.hpp"
#include "cashback/matching.hpp"
#include "cashback/same_order.hpp"
#include "cashback/settle_cashback.hpp"
#include "cashback/taken_transactions.hpp"
#include "cashback/unmatched_reasons.hpp"
#include "runtime/pg_transaction.hpp"

namespace coupon {
namespace {

constexpr int tries_max = 5;

// Everything is looked up by an index. What PostgreSQL counted when a table was empty must not make
// it read all of a full one, and plans of foreign keys' checks are kept as long as the connection.
constexpr const char* settings_sql =
    "SET LOCAL synchronous_commit = on; SET LOCAL enable_seqscan = off;"
    " SET LOCAL enable_bitmapscan = off; SET LOCAL jit = off";

// A number of our own for pg_advisory_xact_lock: reports of one order must not be judged by two at
// once.
constexpr const char* lock_sql =
    "SELECT pg_advisory_xact_lock(hashtext('coupon cashback effects'))";
// Parts of a batch that has failed once wait less for each other's locks: there may be many.
constexpr const char* part_sql = "SET LOCAL lock_timeout = '200ms'";
constexpr const char* lock_timeout_state = "55P03";

constexpr const char* put_aside_sql =
    "UPDATE affiliate_transactions SET problem = $2 || $3, processed = version"
    " WHERE id = $1::bigint RETURNING network, transaction_id";

constexpr const char* look_again_sql =
    "UPDATE affiliate_transactions SET version = version + 1, looked_at = clock_timestamp()"
    " WHERE id IN ("
    "  SELECT id FROM affiliate_transactions WHERE processed >= version AND duplicate_of IS NULL"
    "   AND state <> 'rejected' AND (problem LIKE 'no effect: %' OR unmatched = $2"
    "    OR starts_with(unmatched, $3) OR starts_with(unmatched, $6) OR (unmatched <> ALL "
    "($4::text[])"
    "     AND NOT starts_with(unmatched, $5)"
    "     AND first_seen_at > now() - make_interval(days => $1::int)))"
    "  ORDER BY looked_at NULLS FIRST, id LIMIT 10000)";

// The transaction itself is at fault, or what the shop keeps for it; not the server or our SQL.
bool is_its_own_fault(const PgError& error) {
    return error.is_data_error() || error.sqlstate().starts_with("CL") ||
           error.sqlstate().starts_with("P0");
}

bool is_worth_repeating(const PgError& error) {
    return error.sqlstate().starts_with("40");
}

void lock_effects(PgConnection& pg) {
    try {
        pg.execute(lock_sql);
    } catch (const PgError& error) {
        if (error.sqlstate() == lock_timeout_state) {
            throw EffectsBusy();
        }
        throw;
    }
}

TransactionRows with_owners(PgConnection& pg, const EffectSettings& settings,
                            TransactionRows rows) {
    find_owners(pg, settings.click_keys, settings.attribution_days, rows);
    while (true) {
        const auto others = settle_same_orders(pg, rows);
        auto more = others.empty() ? TransactionRows() : take_anew(pg, others);
        if (more.empty()) {
            break;
        }
        find_owners(pg, settings.click_keys, settings.attribution_days, more);
        std::move(more.begin(), more.end(), std::back_inserter(rows));
    }
    // That another network's is worth nothing here can be said without its terms; what it is worth
    // else is left to those who know them.
    std::erase_if(rows, [&](const TransactionRow& row) {
        return !row.duplicate_of && !settings.credit_on.contains(row.network);
    });
    return rows;
}

std::vector<PlannedTransaction> plan(PgConnection& pg, const EffectSettings& settings,
                                     TransactionRows rows) {
    const auto desired = desired_of(pg, settings.currency, rows);
    std::vector<PlannedTransaction> planned;
    planned.reserve(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        auto& row = rows[i];
        CreditPlan steps;
        row.problem = desired[i].problem;
        if (row.is_readable && row.problem.empty()) {
            const auto terms = settings.credit_on.find(row.network);
            const auto credit_on =
                terms == settings.credit_on.end() ? NetworkState::paid : terms->second;
            steps = plan_credit(row, desired[i], credit_on, settings.currency);
            if (steps.waits) {
                row.unmatched = desired[i].reason;
            }
        }
        planned.push_back({std::move(row), std::move(steps)});
    }
    return planned;
}

EffectCounts count(const std::vector<PlannedTransaction>& planned) {
    EffectCounts counts;
    for (const auto& [row, steps] : planned) {
        ++counts.processed;
        counts.failed += !row.problem.empty();
        counts.matched += row.is_readable && row.is_matched();
        counts.unmatched += row.is_readable && !row.is_matched();
        counts.credited += steps.credit;
        counts.reversed += steps.reverse;
    }
    return counts;
}

}  // namespace

EffectCounts& EffectCounts::operator+=(const EffectCounts& other) {
    processed += other.processed;
    matched += other.matched;
    unmatched += other.unmatched;
    credited += other.credited;
    reversed += other.reversed;
    failed += other.failed;
    return *this;
}

TransactionEffects::TransactionEffects(EffectSettings settings, const Log& log)
    : settings_(std::move(settings)), log_(log) {}

EffectCounts TransactionEffects::work(PgConnection& pg, int max, const std::string& cause) {
    return work_on(pg, {}, max, cause);
}

// Halves a batch that fails until what remains is the transaction that makes it fail.
EffectCounts TransactionEffects::work_on(PgConnection& pg, std::vector<std::int64_t> ids, int max,
                                         const std::string& cause) {
    for (int tries = 1;; ++tries) {
        try {
            return work_once(pg, ids, max, cause);
        } catch (const PgError& error) {
            if (is_worth_repeating(error) && tries < tries_max) {
                continue;
            }
            const bool is_held = error.sqlstate() == lock_timeout_state;
            if ((!is_held && !is_its_own_fault(error)) || ids.empty()) {
                throw;
            }
            if (ids.size() == 1 && is_held) {
                let_wait(ids.front(), error.what());
                return {};
            }
            if (ids.size() == 1) {
                return put_aside(pg, ids.front(), error.what());
            }
        }
        break;
    }
    const auto middle = ids.begin() + static_cast<std::ptrdiff_t>(ids.size() / 2);
    auto counts = work_on(pg, {ids.begin(), middle}, max, cause);
    return counts += work_on(pg, {middle, ids.end()}, max, cause);
}

EffectCounts TransactionEffects::work_once(PgConnection& pg, std::vector<std::int64_t>& ids,
                                           int max, const std::string& cause) {
    PgTransaction transaction(pg);
    pg.execute_script(settings_sql);
    lock_effects(pg);
    if (!ids.empty()) {
        pg.execute(part_sql);
    }
    auto rows = ids.empty() ? take_transactions(pg, settings_.credit_on, waiting_, max)
                            : take_these(pg, settings_.credit_on, ids);
    if (rows.empty()) {
        return {};
    }
    if (ids.empty()) {
        for (const auto& row : rows) {
            ids.push_back(row.id);
        }
    }
    rows = with_owners(pg, settings_, std::move(rows));
    take_over_earlier_cashback(pg, rows);
    const auto planned = plan(pg, settings_, std::move(rows));
    settle_cashback(pg, planned, cause);
    transaction.commit();
    for (const auto& [row, steps] : planned) {
        if (!row.problem.empty()) {
            log_.error("a transaction was put aside: it has no effect",
                       {{"network", row.network},
                        {"transaction", row.transaction_id},
                        {"why", row.problem}});
        }
    }
    return count(planned);
}

EffectCounts TransactionEffects::put_aside(PgConnection& pg, std::int64_t id,
                                           const std::string& why) {
    const auto row = pg.execute(put_aside_sql, {std::to_string(id), no_effect, why});
    if (row.rows() == 0) {
        return {};
    }
    log_.error("a transaction was put aside: it has no effect",
               {{"network", row.text(0, 0)}, {"transaction", row.text(0, 1)}, {"why", why}});
    EffectCounts counts;
    counts.processed = counts.failed = 1;
    return counts;
}

void TransactionEffects::let_wait(std::int64_t id, const std::string& why) {
    waiting_.push_back(id);
    log_.warn("a transaction waits for what somebody else holds; it is tried again",
              {{"id", std::to_string(id)}, {"why", why}});
}

std::int64_t look_again_at_unmatched(PgConnection& pg, std::int64_t attribution_days) {
    PgArray never;
    for (const auto& reason : {reasons::no_sub_id, reasons::wrong_tag, reasons::bot}) {
        never.add(reason);
    }
    return pg
        .execute(look_again_sql,
                 {std::to_string(attribution_days), reasons::no_rule, reasons::no_rate,
                  never.literal(), reasons::credited_before, reasons::maybe_credited_before})
        .affected();
}

}  // namespace coupon
