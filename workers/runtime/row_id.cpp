#include "runtime/row_id.hpp"

#include <charconv>
#include <cstdint>
#include <limits>

#include "core/uuid.hpp"

namespace coupon {
namespace {

constexpr const char* type_sql =
    "SELECT format_type(atttypid, NULL) FROM pg_attribute"
    " WHERE attrelid = $1::regclass AND attname = 'id' AND NOT attisdropped";

std::int64_t largest_of(const std::string& type) {
    return type == "smallint"  ? std::numeric_limits<std::int16_t>::max()
           : type == "integer" ? std::numeric_limits<std::int32_t>::max()
                               : std::numeric_limits<std::int64_t>::max();
}

}  // namespace

std::string row_id_type(PgConnection& pg, const std::string& table) {
    const auto row = pg.execute(type_sql, {table});
    const auto type = row.rows() == 0 ? std::string() : std::string(row.text(0, 0));
    if (type == "uuid" || type == "bigint" || type == "integer" || type == "smallint") {
        return type;
    }
    throw PgError("the ids of " + table + " are neither uuids nor integers", "42804");
}

bool is_row_id(std::string_view text, const std::string& type) {
    if (type == "uuid") {
        return parse_uuid(text).has_value();
    }
    std::int64_t number = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
    return parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() && number >= 0 &&
           number <= largest_of(type);
}

}  // namespace coupon
