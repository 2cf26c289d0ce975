// What edges, workers and couponctl do with each table of the schema.
#pragma once

#include <string>
#include <vector>

#include "runtime/pg_connection.hpp"

namespace coupon::doctor {

struct PrivilegeLook {
    std::string role;
    std::vector<std::string> missing;          // "INSERT on email_queue"
    std::vector<std::string> missing_objects;  // tables, functions
    bool owns_clicks = true, may_create = true;
};

// Throws PgError.
PrivilegeLook look_at_privileges(PgConnection& pg);

}  // namespace coupon::doctor
