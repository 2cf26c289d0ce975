// What is erased of a user, table by table, in an order that a run which was killed can go on with:
// whatever says who he is goes last.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/pg_connection.hpp"

namespace coupon {

struct EraseStep {
    std::string name;       // for people, and for privacy_erasures
    std::string count_sql;  // over $1, the user's id
    std::string erase_sql;  // the same rows, $2 of them; none is left once it was done with all
};

struct ErasePlan {
    std::vector<EraseStep> steps;
    std::vector<std::string> kept;  // what may not be empty and is nobody's to replace: "users.born_on"
};

// Throws PgError.
ErasePlan plan_erasure(PgConnection& pg, bool keep_kyc);

// E-mails and text messages of the user's that are being sent right now.
std::int64_t messages_in_flight(PgConnection& pg, const std::string& user);

// Why not yet: money that is still to be moved, a sentence each.
std::vector<std::string> money_in_flight(PgConnection& pg, const std::string& user);

}  // namespace coupon
