#include "cron/cron_schedule.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

namespace coupon {
namespace {

constexpr std::int64_t minute_s = 60;
constexpr std::int64_t hour_s = 60 * minute_s;
constexpr std::int64_t day_s = 24 * hour_s;
// Further from a change of the clocks than any of them moves them.
constexpr std::int64_t far_s = 2 * day_s;

std::int64_t floor_div(std::int64_t value, std::int64_t by) {
    return value / by - (value % by < 0 ? 1 : 0);
}

std::optional<int> parse_number(std::string_view text) {
    int number = 0;
    const auto* end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, number);
    if (text.empty() || text[0] == '-' || error != std::errc() || stopped != end) {
        return std::nullopt;
    }
    return number;
}

std::optional<int> parse_two_digits(std::string_view text, int below) {
    const auto number = parse_number(text);
    return text.size() == 2 && number && *number < below ? number : std::nullopt;
}

// "02:30" in seconds.
std::optional<std::int64_t> parse_time_of_day(std::string_view text) {
    if (text.size() != 5 || text[2] != ':') {
        return std::nullopt;
    }
    const auto hour = parse_two_digits(text.substr(0, 2), 24);
    const auto minute = parse_two_digits(text.substr(3), 60);
    if (!hour || !minute) {
        return std::nullopt;
    }
    return *hour * hour_s + *minute * minute_s;
}

std::optional<std::int64_t> parse_interval(std::string_view text) {
    if (text.empty()) {
        return std::nullopt;
    }
    const auto unit = std::string_view("smh").find(text.back());
    const auto number = parse_number(text.substr(0, text.size() - 1));
    if (unit == std::string_view::npos || !number || *number < 1) {
        return std::nullopt;
    }
    constexpr std::array<std::int64_t, 3> units{1, minute_s, hour_s};
    const auto interval = *number * units.at(unit);
    return interval <= day_s ? std::optional(interval) : std::nullopt;
}

std::optional<int> parse_weekday(std::string_view text) {
    constexpr std::array<std::string_view, 7> days{"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
    const auto* const found = std::find(days.begin(), days.end(), text);
    return found == days.end() ? std::nullopt
                               : std::optional(static_cast<int>(found - days.begin()));
}

// Unix times at which clocks show `local_s`, one or two; the first moment after it where it is left
// out.
std::vector<std::int64_t> moments(const TimeZone& zone, std::int64_t local_s) {
    const auto before = zone.offset_at(local_s - far_s);
    const auto after = zone.offset_at(local_s + far_s);
    const auto early = local_s - before;
    if (before == after) {
        return {early};
    }
    const auto late = local_s - after;
    const bool early_shows = zone.offset_at(early) == before;
    const bool late_shows = zone.offset_at(late) == after;
    if (early_shows && late_shows) {
        return {early, late};
    }
    if (early_shows || late_shows) {
        return {early_shows ? early : late};
    }
    // Left out: the change lies between the two.
    auto unchanged = late;
    auto changed = early;
    while (changed - unchanged > 1) {
        const auto middle = unchanged + (changed - unchanged) / 2;
        (zone.offset_at(middle) == before ? unchanged : changed) = middle;
    }
    return {changed};
}

// Where clocks skip a whole hour, none has passed; `unix_s` is the moment for `local_s`.
bool is_within_a_skipped_hour(const TimeZone& zone, std::int64_t local_s, std::int64_t unix_s) {
    const auto offset = zone.offset_at(unix_s);
    return unix_s + offset != local_s && offset - zone.offset_at(unix_s - 1) >= hour_s;
}

}  // namespace

std::optional<CronSchedule> CronSchedule::parse(std::string_view text) {
    CronSchedule schedule;
    if (text == "off") {
        return schedule;
    }
    const auto space = std::min(text.find(' '), text.size());
    const auto word = text.substr(0, space);
    const auto rest = text.substr(std::min(space + 1, text.size()));
    std::optional<std::int64_t> time;
    if (word == "every") {
        schedule.kind_ = Kind::every;
        time = parse_interval(rest);
        schedule.every_s_ = time.value_or(0);
    } else if (word == "hourly") {
        schedule.kind_ = Kind::hourly;
        const auto minute =
            rest.starts_with(':') ? parse_two_digits(rest.substr(1), 60) : std::nullopt;
        time = minute ? std::optional(*minute * minute_s) : std::nullopt;
    } else if (word == "daily") {
        schedule.kind_ = Kind::daily;
        time = parse_time_of_day(rest);
    } else if (word == "weekly" && rest.size() > 4 && rest[3] == ' ') {
        schedule.kind_ = Kind::weekly;
        const auto weekday = parse_weekday(rest.substr(0, 3));
        time = weekday ? parse_time_of_day(rest.substr(4)) : std::nullopt;
        schedule.weekday_ = weekday.value_or(0);
    }
    if (!time) {
        return std::nullopt;
    }
    schedule.within_s_ = *time;
    return schedule;
}

CronSchedule::Around CronSchedule::around(const TimeZone& zone, std::int64_t unix_s) const {
    if (kind_ == Kind::off) {
        return {};
    }
    if (kind_ == Kind::every) {
        const auto latest = floor_div(unix_s, every_s_) * every_s_;
        return {latest, latest + every_s_};
    }
    Around around;
    const auto consider = [&](std::int64_t due) {
        if (due <= unix_s) {
            around.latest = std::max(around.latest.value_or(due), due);
        } else {
            around.next = std::min(around.next.value_or(due), due);
        }
    };
    const auto period = kind_ == Kind::hourly ? hour_s : day_s;
    const auto here = floor_div(unix_s + zone.offset_at(unix_s), period);
    // More than a change of the clocks moves them, and a week.
    const std::int64_t reach = kind_ == Kind::hourly  ? far_s / hour_s
                               : kind_ == Kind::daily ? 3
                                                      : 9;
    for (auto place = here - reach; place <= here + reach; ++place) {
        // 1970-01-01 was a Thursday.
        if (kind_ == Kind::weekly && (place + 4) - floor_div(place + 4, 7) * 7 != weekday_) {
            continue;
        }
        const auto local = place * period + within_s_;
        const auto times = moments(zone, local);
        if (kind_ == Kind::hourly && is_within_a_skipped_hour(zone, local, times.front())) {
            continue;
        }
        consider(times.front());
        if (kind_ == Kind::hourly && times.back() - times.front() >= hour_s) {
            consider(times.back());
        }
    }
    return around;
}

std::optional<std::int64_t> CronSchedule::next_after(const TimeZone& zone,
                                                     std::int64_t unix_s) const {
    return around(zone, unix_s).next;
}

std::optional<std::int64_t> CronSchedule::latest_until(const TimeZone& zone,
                                                       std::int64_t unix_s) const {
    return around(zone, unix_s).latest;
}

}  // namespace coupon
