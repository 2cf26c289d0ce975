#include "cashback/networks/calendar_day.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>

namespace coupon {
namespace {

constexpr std::int64_t day_ms = 24LL * 60 * 60 * 1000;

}  // namespace

std::string calendar_day(std::int64_t unix_ms) {
    using namespace std::chrono;
    const year_month_day date(floor<days>(sys_time<milliseconds>(milliseconds(unix_ms))));
    std::array<char, 40> text{};
    std::snprintf(text.data(), text.size(), "%04d-%02u-%02u", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
    return text.data();
}

CalendarDays days_of(const NetworkWindow& window, std::int64_t now_ms) {
    return {calendar_day(std::max<std::int64_t>(window.from_ms - day_ms, 0)),
            calendar_day(std::max(window.to_ms, now_ms) + day_ms)};
}

}  // namespace coupon
