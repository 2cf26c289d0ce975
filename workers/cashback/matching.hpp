// Whose a transaction is: from its sub-id to a click, and from the click to a user, offer and
// merchant.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "cashback/transaction_row.hpp"
#include "core/siphash.hpp"
#include "runtime/pg_connection.hpp"

namespace coupon {

// Fills in click, user, offer, merchant and category, or `unmatched` with the reason. An owner that
// was found by the same sub-id before stays, though the click may be purged by now, and so does
// that of a record that is put aside. A sub-id that is no click id of ours is a front end's:
// exactly one click that is no bot's must have it. Inside the caller's transaction. Throws PgError.
void find_owners(PgConnection& pg, std::span<const SipKey> click_keys,
                 std::int64_t attribution_days, std::span<TransactionRow> rows);

}  // namespace coupon
