// One answer of PostgreSQL, so that nobody else needs libpq's types.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

struct pg_result;

namespace coupon {

// Owns its rows; may be kept after the callback that got it.
class PgResult {
  public:
    explicit PgResult(pg_result* rows) noexcept;
    static PgResult failure(std::string_view reason);

    // Rows came, or the command was carried out. Otherwise error() says why not: PostgreSQL's own
    // message, or that the connection was lost or the deadline passed.
    bool ok() const noexcept { return error_.empty(); }
    const std::string& error() const noexcept { return error_; }
    // Five characters where PostgreSQL itself refused ("40P01"), else empty: then the statement may
    // or may not have taken effect.
    std::string_view sqlstate() const noexcept { return sqlstate_; }

    int rows() const noexcept;
    bool is_null(int row, int column) const noexcept;
    // Empty for null. Points into the result.
    std::string_view text(int row, int column) const noexcept;
    // `otherwise` for null and for what is no 64-bit integer.
    int64_t integer(int row, int column, int64_t otherwise = 0) const noexcept;
    // For xid8 and other unsigned values; 0 for null and for what is none.
    uint64_t number(int row, int column) const noexcept;
    bool boolean(int row, int column) const noexcept { return text(row, column) == "t"; }

  private:
    std::unique_ptr<pg_result, void (*)(pg_result*)> rows_;
    std::string error_;
    std::string sqlstate_;
};

}  // namespace coupon
