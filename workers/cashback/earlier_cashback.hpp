// Cashback that was given before the ledger was there: rows of cashback_events without a source,
// and lines of users' statements without a posting.
#pragma once

#include <span>

#include "cashback/transaction_row.hpp"
#include "runtime/pg_connection.hpp"

namespace coupon {

// For users' transactions that are not paid here: what was open for one by the network's id of it
// becomes its first generation; what was paid for it makes it unmatched, for it is neither credited
// again nor taken back here, and so does what was paid for another network's report of its order,
// or may have been. Inside the caller's transaction. Throws PgError.
void take_over_earlier_cashback(PgConnection& pg, std::span<TransactionRow> rows);

}  // namespace coupon
