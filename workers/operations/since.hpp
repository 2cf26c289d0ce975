// How far back a list goes, as people write it.
#pragma once

#include <string>

#include "runtime/pg_connection.hpp"

namespace coupon {

struct Since {
    PgParameter interval;  // of "90m", "6h", "3d", as PostgreSQL reads it
    PgParameter time;      // of any other text: a point in time, whose form PostgreSQL judges
};

// Neither is set where the text is empty.
Since parse_since(const std::string& text);

}  // namespace coupon
