// Columns of the back end's tables that may hold personal data: all that can hold a text, but for
// those that are known to hold something else.
#pragma once

#include <string>
#include <vector>

#include "runtime/pg_connection.hpp"

namespace coupon {

struct PersonalColumns {
    std::string assignments;  // "email = NULL, …", over a table with the alias a; empty: there is none
    std::string present;      // true where one of them is not erased yet
    std::vector<std::string> kept;  // may not be empty, and cannot be replaced
};

// `only` empty: all that may be. Names are quoted. A table that is not there has none. Throws PgError.
PersonalColumns personal_columns(PgConnection& pg, const std::string& table,
                                 const std::vector<std::string>& only = {});

}  // namespace coupon
