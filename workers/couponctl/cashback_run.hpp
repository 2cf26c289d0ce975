// couponctl cashback run.
#pragma once

#include <ostream>
#include <string>

namespace coupon {

struct CashbackRunOptions {
    std::string network;   // empty: all
    std::string from, to;  // ISO 8601; empty: as usual
};

// Puts a job into cashback_jobs and says its id. Throws CommandError for a time that is none.
void request_cashback_run(const CashbackRunOptions& options, std::ostream& out);

}  // namespace coupon
