// couponctl migrate: applies the files of sql/ that this database has not seen, each in a
// transaction.
#pragma once

#include <ostream>
#include <string>

namespace coupon {

// `sql_directory` may be empty: then the installed files are taken, or those of the source tree.
// Throws CommandError with the file and PostgreSQL's reason; what came before that file stays
// applied.
void migrate(const std::string& sql_directory, std::ostream& out);

}  // namespace coupon
