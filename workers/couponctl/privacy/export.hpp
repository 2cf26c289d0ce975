// couponctl privacy export: everything the shop holds about a user.
#pragma once

#include <ostream>
#include <string>

namespace coupon {

// One JSON document to `path` (0600, which must not exist), or to `out` where that is empty; of one
// moment, and in parts, so that its size does not matter. Secrets are left out. That it is asked for, and
// by whom (`actor` empty: user@host), stands in audit_logs before anything is told. Throws CommandError,
// PgError; a file that is not whole is removed.
void export_user(const std::string& who, const std::string& path, const std::string& actor,
                 std::ostream& out);

}  // namespace coupon
