// The transactions whose newest version has not had its effect yet, locked.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cashback/transaction_row.hpp"
#include "runtime/pg_connection.hpp"

namespace coupon {

// Begins `problem` where a transaction could not have its effect; other problems are the record's
// own.
inline constexpr const char* no_effect = "no effect: ";

// Up to `max` of these networks, oldest first; those another transaction has locked are left out.
// All inside the caller's transaction. Throws PgError.
TransactionRows take_transactions(PgConnection& pg,
                                  const std::map<std::string, NetworkState>& networks, int max);

// Those of these that still wait for their effect.
TransactionRows take_these(PgConnection& pg, const std::vector<std::int64_t>& ids);

// These in any case: they get a new version.
TransactionRows take_anew(PgConnection& pg, const std::vector<std::int64_t>& ids);

}  // namespace coupon
