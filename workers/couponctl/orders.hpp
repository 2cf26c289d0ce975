// couponctl orders stuck.
#pragma once

#include <ostream>

namespace coupon {

// Orders that were paid more than `minutes` ago and are not fulfilled, with what holds them.
// Returns 1 when there are any.
int list_stuck_orders(int minutes, std::ostream& out);

}  // namespace coupon
