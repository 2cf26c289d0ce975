// What a request asks for. Everything throws AdminError 400 with a sentence for what it cannot use.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "admin/api/answers.hpp"

namespace coupon {

[[noreturn]] void refuse(const std::string& why);      // 400
[[noreturn]] void not_found(const std::string& what);  // 404
[[noreturn]] void conflict(const std::string& why);    // 409

// Empty where it is not given; else UTF-8 without control characters, of at most 200 bytes.
std::string query_text(const AdminRequest& request, const std::string& name);
// One of the words, or empty.
std::string query_word(const AdminRequest& request, const std::string& name,
                       const std::vector<std::string>& words);
int query_number(const AdminRequest& request, const std::string& name, int by_default, int min,
                 int max);

// LIKE's pattern for texts that hold `q`, whatever characters it has; NULL where q is empty.
PgParameter like_pattern(const std::string& q);

// Where a page ended: the sort key and the id of its last row, as texts of PostgreSQL.
struct Cursor {
    PgParameter key;  // NULL: the rows without a time, which come first
    std::string id;
};
std::string cursor_text(const Cursor& cursor);
std::optional<Cursor> query_cursor(const AdminRequest& request);

// The body as an object; an empty body as an empty object.
Json body_object(const AdminRequest& request);
bool body_flag(const Json& body, const std::string& name);
std::string body_text(const Json& body, const std::string& name, std::size_t bytes_max);
// Why something is done: it goes into audit_logs, so it cannot be left out.
std::string body_reason(const Json& body);

}  // namespace coupon
