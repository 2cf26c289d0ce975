// The samples of the cashback role that PostgreSQL knows.
#pragma once

#include <string>

#include "runtime/metrics.hpp"

namespace coupon {

// coupon_cashback_run_age_seconds by network, coupon_cashback_unmatched,
// coupon_cashback_effects_pending; none of them where PostgreSQL does not answer in time.
void add_cashback_metrics(Metrics& metrics, const std::string& database_url);

}  // namespace coupon
