// The ids of rows that another program may have made: integers or uuids. As text they would find no
// index.
#pragma once

#include <string>
#include <string_view>

#include "runtime/pg_connection.hpp"

namespace coupon {

// uuid, bigint, integer or smallint: the type of the table's column `id`. `table` is a constant.
// Throws PgError where there is no such table.
std::string row_id_type(PgConnection& pg, const std::string& table);

// Whether PostgreSQL reads the text as an id of that type.
bool is_row_id(std::string_view text, const std::string& type);

}  // namespace coupon
