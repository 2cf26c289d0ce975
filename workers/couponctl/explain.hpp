// couponctl offers explain: what the edge would answer to a link, and why. No click is made.
#pragma once

#include <ostream>
#include <string>

namespace coupon {

// `link` is a whole URL or its path. Prints offer, cache level, macros, final URL and reason; the
// exit code is 0 where the link redirects, 1 where it does not. Throws ConfigError or CommandError
// when the edge cannot be asked.
int explain_offer(const std::string& link, std::ostream& out);

}  // namespace coupon
