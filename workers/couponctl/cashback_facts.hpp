// What is known of one purchase, as JSON: from the click to the pay-out.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "runtime/pg_connection.hpp"

namespace coupon {

// "where" (a sentence), "transaction", "click", "postbacks", "states", "cashback", "ledger",
// "wallet", "withdrawals". Amounts are decimal texts, times UTC. Throw PgError.
nlohmann::ordered_json facts_of_transaction(PgConnection& pg, const std::string& id);
// Of a click that nothing is reported for: "where", "click", "postbacks".
nlohmann::ordered_json facts_of_click(PgConnection& pg, const std::string& click_id);

}  // namespace coupon
