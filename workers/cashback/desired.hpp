// What the owner of a transaction ought to get if it is due: by the merchant's rules, in the
// currency of the wallets.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cashback/transaction_row.hpp"
#include "runtime/pg_connection.hpp"

namespace coupon {

// Hundredths of the wallets' currency. Sale and commission of another currency are converted by the
// latest rate from before the purchase, each exactly and rounded half up once.
struct Desired {
    bool is_known = false;  // false: sale and commission cannot be said yet, and why
    bool has_rule = false;  // false: nor the share
    std::int64_t cashback = 0, commission = 0;
    std::optional<std::int64_t> sale, share_ms;
    std::string reason;  // why there is nothing, or less than the rule says
    std::string
        problem;  // the rule cannot be understood: nothing may be done with this transaction
};

// One for each row, in their order; of those that are not matched nothing is known. Inside the
// caller's transaction. Throws PgError.
std::vector<Desired> desired_of(PgConnection& pg, const std::string& currency,
                                const TransactionRows& rows);

}  // namespace coupon
