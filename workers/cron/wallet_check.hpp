// Proves that the wallets are what the ledger says, and that nobody changed the ledger.
#pragma once

#include <string>

#include "cron/cron_job.hpp"

namespace coupon {

// The result has the number of problems, and the first of them. Its statement takes as long as the
// ledger is big, so it has a connection of its own.
CronJob wallet_check_job(const std::string& database_url);

}  // namespace coupon
