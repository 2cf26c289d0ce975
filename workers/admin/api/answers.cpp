#include "admin/api/answers.hpp"

#include <charconv>

#include "runtime/clock.hpp"
#include "runtime/time_text.hpp"

namespace coupon {

AdminAnswer json_answer(const Json& json, int status) {
    AdminAnswer answer;
    answer.status = status;
    answer.body = json.dump(-1, ' ', false, Json::error_handler_t::replace);
    return answer;
}

Json text_or_null(const PgResult& rows, int row, int column) {
    return rows.is_null(row, column) ? Json() : Json(std::string(rows.text(row, column)));
}

Json number_or_null(const PgResult& rows, int row, int column) {
    const auto text = rows.text(row, column);
    std::int64_t number = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool whole = parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
    return rows.is_null(row, column) || !whole ? Json() : Json(number);
}

std::string iso_utc(const std::string& column) {
    return "to_char((" + column +
           ")::timestamptz AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')";
}

std::string iso_now() {
    return iso_time(unix_now_ms());
}

}  // namespace coupon
