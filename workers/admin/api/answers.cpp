#include "admin/api/answers.hpp"

#include <array>
#include <charconv>
#include <ctime>

#include "runtime/clock.hpp"

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

std::string iso_time(std::int64_t unix_ms) {
    const std::time_t seconds = unix_ms / 1000;
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    std::array<char, 32> text{};
    const auto size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
    auto ms = std::to_string(1000 + unix_ms % 1000);
    ms[0] = '.';
    return std::string(text.data(), size) + ms + "Z";
}

}  // namespace coupon
