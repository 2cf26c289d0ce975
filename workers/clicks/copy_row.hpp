// Rows in PostgreSQL's binary COPY format: what the server need not parse, it need not spend time
// on. Format: https://www.postgresql.org/docs/15/sql-copy.html, "Binary Format"; values as the
// types' receive functions take them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/uuid.hpp"

namespace coupon {

inline constexpr std::string_view copy_header{"PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19};
inline constexpr std::string_view copy_trailer{"\377\377", 2};

// Appends to a buffer of the caller. Each row is begin(columns) and then exactly that many values.
class CopyRow {
  public:
    explicit CopyRow(std::string& out) : out_(out) {}

    void begin(std::uint16_t columns) { integer(columns, 2); }
    void null() { integer(0xffffffffU, 4); }
    void bigint(std::int64_t value);
    void uuid(const Uuid& value);
    void text(std::string_view value);
    // NULL where empty.
    void optional_text(std::string_view value) { value.empty() ? null() : text(value); }
    void text_array(std::span<const std::string> values);
    // Milliseconds since 1970.
    void timestamp_ms(std::uint64_t unix_ms);
    // NULL unless the text is an IPv4 or IPv6 address.
    void inet(const std::string& address);

  private:
    void integer(std::uint64_t value, int bytes);

    std::string& out_;
};

}  // namespace coupon
