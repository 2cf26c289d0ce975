// couponctl clicks audit: proves that every click that was served is stored, or names what is
// missing.
#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace coupon {

struct AuditOptions {
    std::vector<std::string> journals;  // folders of the edges that can be read from here
    std::string access_log;             // compared as well where named
};

// Prints totals, then the segments and ids at fault. The exit code: 0 when nothing is missing,
// doubled or unaccounted for, else 1. Throws ConfigError, CommandError or PgError when it cannot
// look.
int audit_clicks(const AuditOptions& options, std::ostream& out);

}  // namespace coupon
