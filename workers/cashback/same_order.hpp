// Several reports of one order, by two networks or by one of them twice: one of them is paid.
#pragma once

#include <cstdint>
#include <vector>

#include "cashback/transaction_row.hpp"
#include "runtime/pg_connection.hpp"

namespace coupon {

// Of the transactions with one click and one order reference that are somebody's and not rejected,
// the one with the lowest id stays; the others become unmatched. Returns the ids of those outside
// of `rows` that this changes: they are to be taken too, and this asked again. Inside the caller's
// transaction. Throws PgError.
std::vector<std::int64_t> settle_same_orders(PgConnection& pg, TransactionRows& rows);

}  // namespace coupon
