// Calls about orders that nobody has answered yet: a paid order must not wait unseen.
#pragma once

#include <string>

#include "runtime/metrics.hpp"

namespace coupon {

// Asks PostgreSQL, over a connection of its own, each time somebody reads the metrics.
void add_order_metrics(Metrics& metrics, const std::string& database_url);

}  // namespace coupon
