// couponctl journal ls: the segments of a journal folder that are not settled yet.
#pragma once

#include <ostream>
#include <string>

namespace coupon {

// Throws CommandError when the folder cannot be read.
void list_journal(const std::string& directory, std::ostream& out);

}  // namespace coupon
