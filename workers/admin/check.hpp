// coupon-worker admin --check.
#pragma once

#include <ostream>

namespace coupon {

// Writes one sentence for each thing that is wrong. The exit code: 0 or 1.
int check_admin(std::ostream& out);

}  // namespace coupon
