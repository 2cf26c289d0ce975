// Cashback that was given before the ledger was there: rows of cashback_events without a source.
#pragma once

#include <span>

#include "cashback/transaction_row.hpp"
#include "runtime/pg_connection.hpp"

namespace coupon {

// For users' transactions without an event of their own, by click and the network's id of the
// transaction: what is open becomes the transaction's first generation; what is paid makes it
// unmatched, for it is neither credited again nor taken back here. Inside the caller's transaction.
// Throws PgError.
void take_over_earlier_cashback(PgConnection& pg, std::span<TransactionRow> rows);

}  // namespace coupon
