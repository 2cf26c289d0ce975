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
    std::string lock_sql;   // the same rows' ctid, $2 of them, locked; waits for who changes them
    std::string erase_sql;  // the rows of $2, a tid[]: after lock_sql, in its transaction
    bool again = false;     // to be repeated at the end, since somebody may have made such rows
};

struct ErasePlan {
    std::vector<EraseStep> steps;
    std::vector<EraseStep> last;  // what money is moved by: in one transaction with the users row
    EraseStep user;               // lock_sql locks the row whatever it holds; erase_sql is over $1 alone
    std::vector<std::string> kept;  // what may not be empty and is nobody's to replace: "users.born_on"
};

// Unless `despite_money`, what money is still moved by is in none of the steps. Throws PgError.
ErasePlan plan_erasure(PgConnection& pg, bool keep_kyc, bool despite_money);

// E-mails and text messages of the user's that are being sent right now.
std::int64_t messages_in_flight(PgConnection& pg, const std::string& user);

// Why not yet: money that is still to be moved, a sentence each.
std::vector<std::string> money_in_flight(PgConnection& pg, const std::string& user);

}  // namespace coupon
