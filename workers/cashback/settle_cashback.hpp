// Writes what was worked out about transactions: their owners, events, transitions and postings.
#pragma once

#include <string>
#include <vector>

#include "cashback/credit_plan.hpp"
#include "cashback/transaction_row.hpp"
#include "runtime/pg_connection.hpp"

namespace coupon {

struct PlannedTransaction {
    TransactionRow row;
    CreditPlan plan;
};

// `cause` begins each row of cashback_transitions. A statement for each kind of step, however many
// transactions there are; postings in the order of their users, as every writer takes those locks.
// Inside the caller's transaction. Throws PgError.
void settle_cashback(PgConnection& pg, const std::vector<PlannedTransaction>& transactions,
                     const std::string& cause);

}  // namespace coupon
