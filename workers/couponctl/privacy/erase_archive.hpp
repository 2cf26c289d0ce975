// Takes a user out of the files that cron archives rows into.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>

#include "runtime/pg_connection.hpp"

namespace coupon {

// Each finished file of `folder` that names the user is written anew without those rows, synced, and
// put in the old one's place; what archived_files says of it follows. Files that
// are not here are told of. One pass at a time, of one connection. Throws CommandError before anything is
// changed where a file is still being written. How many rows are gone. Throws CommandError, PgError.
std::int64_t erase_from_archive(PgConnection& pg, const std::string& folder,
                                const std::string& user, std::ostream& out);

}  // namespace coupon
