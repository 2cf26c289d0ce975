// Reads one row of a result column by column, in the order of its SELECT.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "runtime/pg_connection.hpp"

namespace coupon {

class ResultRow {
  public:
    ResultRow(const PgResult& result, int row) : result_(result), row_(row) {}

    // Empty where NULL.
    std::string text() {
        const int column = column_++;
        return std::string(result_.text(row_, column));
    }
    std::optional<std::int64_t> optional_number() {
        const int column = column_++;
        return result_.is_null(row_, column) ? std::nullopt
                                             : std::optional(result_.number(row_, column));
    }
    // 0 where NULL.
    std::int64_t number() { return optional_number().value_or(0); }
    bool flag() { return text() == "t"; }

  private:
    const PgResult& result_;
    int row_;
    int column_ = 0;
};

inline void add_optional(PgArray& array, const std::optional<std::int64_t>& number) {
    number ? array.add(*number) : array.add_null();
}

inline void add_unless_empty(PgArray& array, const std::string& text) {
    text.empty() ? array.add_null() : array.add(text);
}

}  // namespace coupon
