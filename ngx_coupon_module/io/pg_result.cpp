#include "io/pg_result.hpp"

#include <libpq-fe.h>

#include <charconv>

namespace coupon {
namespace {

template <class Number>
Number parse(std::string_view text, Number otherwise) noexcept {
    Number value{};
    const char* end = text.data() + text.size();
    const auto [stop, failure] = std::from_chars(text.data(), end, value);
    return failure == std::errc() && stop == end && !text.empty() ? value : otherwise;
}

}  // namespace

PgResult::PgResult(pg_result* rows) noexcept : rows_(rows, PQclear) {
    const auto status = PQresultStatus(rows);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || rows == nullptr) {
        return;
    }
    const char* message = PQresultErrorField(rows, PG_DIAG_MESSAGE_PRIMARY);
    const char* state = PQresultErrorField(rows, PG_DIAG_SQLSTATE);
    error_ = message != nullptr ? message : "unexpected answer";
    sqlstate_ = state != nullptr ? state : "";
    rows_.reset();
}

PgResult PgResult::failure(std::string_view reason) {
    PgResult result(nullptr);
    result.error_ = reason;
    return result;
}

int PgResult::rows() const noexcept {
    return rows_ ? PQntuples(rows_.get()) : 0;
}

bool PgResult::is_null(int row, int column) const noexcept {
    return PQgetisnull(rows_.get(), row, column) != 0;
}

std::string_view PgResult::text(int row, int column) const noexcept {
    return {PQgetvalue(rows_.get(), row, column),
            static_cast<size_t>(PQgetlength(rows_.get(), row, column))};
}

int64_t PgResult::integer(int row, int column, int64_t otherwise) const noexcept {
    return parse<int64_t>(text(row, column), otherwise);
}

uint64_t PgResult::number(int row, int column) const noexcept {
    return parse<uint64_t>(text(row, column), 0);
}

}  // namespace coupon
