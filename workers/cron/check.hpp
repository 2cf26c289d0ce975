// coupon-worker cron --check: everything the role needs, looked at once.
#pragma once

#include <ostream>

namespace coupon {

// Writes one sentence for each thing that is missing or wrong, or that all is well. The exit code:
// 0 or 1.
int check_cron(std::ostream& out);

}  // namespace coupon
