// couponctl cashback unmatched.
#pragma once

#include <ostream>
#include <string>

namespace coupon {

struct UnmatchedFilter {
    std::string network;  // empty: any
    std::string since;    // "6h", "3d", or a time as PostgreSQL reads it
    int limit = 100;
};

void list_unmatched(const UnmatchedFilter& filter, std::ostream& out);

}  // namespace coupon
