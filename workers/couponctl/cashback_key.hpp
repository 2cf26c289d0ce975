// What an operator may know of a purchase, and the transactions and clicks that it stands for.
#pragma once

#include <string>
#include <vector>

#include "runtime/pg_connection.hpp"

namespace coupon {

struct TracedPurchases {
    std::vector<std::string> transactions;  // ids of affiliate_transactions, newest first
    std::vector<std::string> clicks;        // click ids that no network has reported anything for
    bool more = false;                      // there are others beyond the limit
};

// A click id, a front end's click id, a network's transaction or order reference, our order number
// or a user's id; "click:…", "order:…", "user:…", "transaction:…" or "<network>:…" look for that
// alone. Throws PgError.
TracedPurchases find_purchases(PgConnection& pg, const std::string& key);

}  // namespace coupon
