// The transactions whose newest version has not had its effect yet, locked.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cashback/result_row.hpp"
#include "cashback/transaction_row.hpp"
#include "runtime/pg_connection.hpp"

namespace coupon {

// Begins `problem` where a transaction could not have its effect; other problems are the record's
// own.
inline constexpr const char* no_effect = "no effect: ";

// Up to `max` of these networks, oldest first; those another transaction has locked are left out,
// and so are those of `without`. All inside the caller's transaction. Throws PgError.
TransactionRows take_transactions(PgConnection& pg,
                                  const std::map<std::string, NetworkState>& networks,
                                  const std::vector<std::int64_t>& without, int max);

// Those of these that still wait for their effect; other networks' are left to their own worker.
TransactionRows take_these(PgConnection& pg, const std::map<std::string, NetworkState>& networks,
                           const std::vector<std::int64_t>& ids);

// These in any case, whatever their network, once who has locked them is done: all of them wait for
// their effect now.
TransactionRows take_anew(PgConnection& pg, const std::vector<std::int64_t>& ids);

// The columns of an event `e`, as read_event reads them.
#define COUPON_EVENT_COLUMNS                                                   \
    "e.id, e.generation, e.status::text, e.user_id, e.click_id::text,"         \
    " (e.cashback_amount * 100)::bigint, (e.commission_amount * 100)::bigint," \
    " (e.transaction_amount * 100)::bigint, e.currency::text,"                 \
    " (extract(epoch FROM e.share_at) * 1000)::bigint"

// Nothing where there is no event.
std::optional<CashbackEvent> read_event(ResultRow& row);

}  // namespace coupon
