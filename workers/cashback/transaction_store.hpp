// affiliate_transactions: what the networks said last.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cashback/networks/network.hpp"
#include "runtime/pg_connection.hpp"

namespace coupon {

struct StoreCounts {
    std::int64_t seen = 0, changed = 0, put_aside = 0;
};

// Upserts a page by (network, transaction id) in one statement; `version` goes up where state,
// status, commission, sale, currency, subid, order or time changed, or where a problem is over.
// Within a page the last of an id counts. An answer that is older than what is stored (its
// updated_ms is less) changes nothing. A record with a problem keeps what was known of it before
// and sets `problem`; one without an id is only counted. A rejected one keeps the amounts, currency
// and times that it does not give. Inside the caller's transaction. Throws
// PgError.
StoreCounts store_transactions(PgConnection& pg, const std::string& network, std::int64_t run_id,
                               const std::vector<NetworkTransaction>& transactions);

}  // namespace coupon
