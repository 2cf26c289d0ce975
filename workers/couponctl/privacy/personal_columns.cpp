#include "couponctl/privacy/personal_columns.hpp"

namespace coupon {
namespace {

// What is written in a column's place: NULL; in one that may not be empty a text that is nobody
// else's, or an empty document. An enumeration is a state of something.
constexpr const char* columns_sql =
    "SELECT quote_ident(a.attname), a.attname, CASE WHEN NOT a.attnotnull THEN 'NULL'"
    "  WHEN base.typname IN ('text', 'varchar', 'bpchar', 'citext') THEN"
    "   CASE WHEN a.atttypmod > 4 THEN format('CASE WHEN length(''erased-'' || a.id) <= %1$s THEN ''erased-'' || a.id ELSE"
    "     left(encode(sha256(convert_to(''erased-'' || a.id, ''UTF8'')), ''hex''), %1$s) END', a.atttypmod - 4)"
    "    ELSE '''erased-'' || a.id' END"
    "  WHEN base.typname IN ('jsonb', 'json') THEN quote_literal('{}') || '::' || base.typname"
    "  WHEN base.typname IN ('_text', '_varchar') THEN quote_literal('{}') END"
    " FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid"
    " JOIN pg_type base ON base.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END"
    " WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''"
    " AND base.typtype <> 'e' AND base.typname IN ('text', 'varchar', 'bpchar', 'citext', 'jsonb', 'json',"
    "  'inet', 'cidr', 'macaddr', 'date', 'bytea', '_text', '_varchar', 'point')"
    " AND CASE WHEN cardinality($2::text[]) > 0 THEN a.attname = ANY ($2::text[]) ELSE"
    "  a.attname NOT IN ('status', 'role', 'type', 'kind', 'currency', 'method', 'utr', 'order_number',"
    "   'language', 'locale', 'timezone', 'country', 'gateway', 'coupon_code')"
    "  AND a.attname NOT LIKE '%\\_status' AND a.attname NOT LIKE '%\\_type'"
    "  AND a.attname NOT LIKE '%\\_method' END"
    " ORDER BY a.attnum";

}  // namespace

PersonalColumns personal_columns(PgConnection& pg, const std::string& table,
                                 const std::vector<std::string>& only) {
    PgArray names;
    for (const auto& name : only) {
        names.add(name);
    }
    PersonalColumns columns;
    const auto rows = pg.execute(columns_sql, {table, names.literal()});
    for (int row = 0; row < rows.rows(); ++row) {
        if (rows.is_null(row, 2)) {
            columns.kept.push_back(table + "." + std::string(rows.text(row, 1)));
            continue;
        }
        const std::string name(rows.text(row, 0));
        const std::string value(rows.text(row, 2));
        columns.assignments += (columns.assignments.empty() ? "" : ", ") + name + " = " + value;
        // As texts: json has no equality.
        columns.present += (columns.present.empty() ? "(a." : " OR a.") + name +
                           "::text IS DISTINCT FROM (" + value + ")::text";
    }
    columns.present += columns.present.empty() ? "false" : ")";
    return columns;
}

}  // namespace coupon
