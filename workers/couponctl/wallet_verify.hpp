// couponctl wallet verify.
#pragma once

#include <ostream>

namespace coupon {

// Prints each thing in the ledger that does not add up, or that somebody changed, and how much was
// looked at. Returns 1 when there is any.
int verify_wallets(std::ostream& out);

}  // namespace coupon
