#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "cron/cron_schedule.hpp"

namespace coupon {
namespace {

using namespace std::chrono;

// Unix time of a moment in UTC.
std::int64_t utc(int year, unsigned month, unsigned day, int hour, int minute, int second = 0) {
    const sys_days date(
        year_month_day{std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)});
    return duration_cast<seconds>(date.time_since_epoch()).count() + hour * 3600 + minute * 60 +
           second;
}

TimeZone zone(const std::string& name) {
    return TimeZone::find(name).value();
}

CronSchedule schedule(std::string_view text) {
    return CronSchedule::parse(text).value();
}

// Everything that is due from one moment, exclusive, until another, by asking for the next again
// and again.
std::vector<std::int64_t> due(std::string_view text, const std::string& zone_name,
                              std::int64_t after, std::int64_t until) {
    const auto clocks = zone(zone_name);
    std::vector<std::int64_t> times;
    for (auto at = schedule(text).next_after(clocks, after); at && *at <= until;
         at = schedule(text).next_after(clocks, *at)) {
        times.push_back(*at);
    }
    return times;
}

using Times = std::vector<std::int64_t>;

TEST(CronScheduleTest, IsDueAtALocalTimeOfEachDay) {
    // 02:00 in Kolkata is 20:30 in UTC.
    EXPECT_EQ(
        due("daily 02:00", "Asia/Kolkata", utc(2026, 11, 20, 20, 30), utc(2026, 11, 23, 0, 0)),
        (Times{utc(2026, 11, 21, 20, 30), utc(2026, 11, 22, 20, 30)}));
    const auto kolkata = zone("Asia/Kolkata");
    const auto daily = schedule("daily 02:00");
    const auto at = utc(2026, 11, 21, 20, 30);
    EXPECT_EQ(daily.latest_until(kolkata, at), at);
    EXPECT_EQ(daily.latest_until(kolkata, at - 1), at - 86'400);
    EXPECT_EQ(daily.next_after(kolkata, at - 1), at);
    EXPECT_EQ(daily.next_after(kolkata, at), at + 86'400);
}

TEST(CronScheduleTest, IsDueOnOneDayOfTheWeek) {
    // 2026-11-22 is a Sunday.
    EXPECT_EQ(due("weekly sun 03:30", "UTC", utc(2026, 11, 20, 0, 0), utc(2026, 12, 1, 0, 0)),
              (Times{utc(2026, 11, 22, 3, 30), utc(2026, 11, 29, 3, 30)}));
    EXPECT_EQ(due("weekly mon 00:00", "UTC", utc(2026, 11, 20, 0, 0), utc(2026, 11, 24, 0, 0)),
              (Times{utc(2026, 11, 23, 0, 0)}));
    // The local day counts: Sunday 03:30 in Kolkata is still Saturday in UTC.
    EXPECT_EQ(
        due("weekly sun 03:30", "Asia/Kolkata", utc(2026, 11, 20, 0, 0), utc(2026, 11, 23, 0, 0)),
        (Times{utc(2026, 11, 21, 22, 0)}));
    EXPECT_EQ(schedule("weekly sat 23:59").latest_until(zone("UTC"), utc(2026, 11, 21, 23, 58)),
              utc(2026, 11, 14, 23, 59));
}

TEST(CronScheduleTest, IsDueEachHourOrAtAnInterval) {
    EXPECT_EQ(due("hourly :15", "Asia/Kolkata", utc(2026, 11, 21, 0, 0), utc(2026, 11, 21, 2, 0)),
              (Times{utc(2026, 11, 21, 0, 45), utc(2026, 11, 21, 1, 45)}));
    EXPECT_EQ(due("every 5m", "Asia/Kolkata", utc(2026, 11, 21, 0, 1), utc(2026, 11, 21, 0, 10)),
              (Times{utc(2026, 11, 21, 0, 5), utc(2026, 11, 21, 0, 10)}));
    EXPECT_EQ(due("every 90s", "UTC", 0, 200), (Times{90, 180}));
    EXPECT_EQ(schedule("every 1h").latest_until(zone("UTC"), -1), -3600);
}

TEST(CronScheduleTest, IsNeverDueWhereItIsOff) {
    EXPECT_TRUE(schedule("off").is_off());
    EXPECT_FALSE(schedule("daily 02:00").is_off());
    EXPECT_EQ(schedule("off").next_after(zone("UTC"), 0), std::nullopt);
    EXPECT_EQ(schedule("off").latest_until(zone("UTC"), 0), std::nullopt);
}

TEST(CronScheduleTest, RunsOnceWhereTheHourIsLeftOut) {
    // Berlin, 2026-03-29: 02:00 becomes 03:00, at 01:00 UTC.
    EXPECT_EQ(due("daily 02:30", "Europe/Berlin", utc(2026, 3, 28, 0, 0), utc(2026, 3, 30, 12, 0)),
              (Times{utc(2026, 3, 28, 1, 30), utc(2026, 3, 29, 1, 0), utc(2026, 3, 30, 0, 30)}));
    EXPECT_EQ(
        due("weekly sun 02:00", "Europe/Berlin", utc(2026, 3, 28, 0, 0), utc(2026, 3, 30, 0, 0)),
        (Times{utc(2026, 3, 29, 1, 0)}));
    // New York, 2026-03-08: at 07:00 UTC.
    EXPECT_EQ(due("daily 02:30", "America/New_York", utc(2026, 3, 8, 0, 0), utc(2026, 3, 9, 0, 0)),
              (Times{utc(2026, 3, 8, 7, 0)}));
    // Lord Howe, 2026-10-04: half an hour, 02:00 becomes 02:30, at 15:30 UTC the day before.
    EXPECT_EQ(
        due("daily 02:15", "Australia/Lord_Howe", utc(2026, 10, 3, 0, 0), utc(2026, 10, 4, 12, 0)),
        (Times{utc(2026, 10, 3, 15, 30)}));
    EXPECT_EQ(
        due("daily 02:30", "Australia/Lord_Howe", utc(2026, 10, 3, 0, 0), utc(2026, 10, 4, 12, 0)),
        (Times{utc(2026, 10, 3, 15, 30)}));
}

TEST(CronScheduleTest, RunsOnceWhereTheHourComesTwice) {
    // Berlin, 2026-10-25: 03:00 becomes 02:00, at 01:00 UTC; the first 02:30 is at 00:30.
    EXPECT_EQ(
        due("daily 02:30", "Europe/Berlin", utc(2026, 10, 24, 12, 0), utc(2026, 10, 26, 12, 0)),
        (Times{utc(2026, 10, 25, 0, 30), utc(2026, 10, 26, 1, 30)}));
    EXPECT_EQ(schedule("daily 02:30").latest_until(zone("Europe/Berlin"), utc(2026, 10, 25, 1, 30)),
              utc(2026, 10, 25, 0, 30));
    // The end of the hour is not within it.
    EXPECT_EQ(
        due("daily 03:00", "Europe/Berlin", utc(2026, 10, 24, 12, 0), utc(2026, 10, 25, 12, 0)),
        (Times{utc(2026, 10, 25, 2, 0)}));
    // New York, 2026-11-01: the first 01:30 is at 05:30 UTC.
    EXPECT_EQ(
        due("daily 01:30", "America/New_York", utc(2026, 11, 1, 0, 0), utc(2026, 11, 2, 0, 0)),
        (Times{utc(2026, 11, 1, 5, 30)}));
    // Lord Howe, 2026-04-05: 02:00 becomes 01:30, at 15:00 UTC the day before.
    EXPECT_EQ(
        due("daily 01:45", "Australia/Lord_Howe", utc(2026, 4, 4, 0, 0), utc(2026, 4, 5, 12, 0)),
        (Times{utc(2026, 4, 4, 14, 45)}));
}

TEST(CronScheduleTest, GoesOnHourlyWhereClocksChange) {
    const auto steps = [](const Times& times) {
        Times between;
        for (std::size_t i = 1; i < times.size(); ++i) {
            between.push_back(times[i] - times[i - 1]);
        }
        return between;
    };
    for (const auto* name : {"Europe/Berlin", "America/New_York"}) {
        for (const auto* text : {"hourly :00", "hourly :30"}) {
            for (const unsigned month : {3U, 10U}) {  // and the first days of the next
                const auto begin = utc(2026, month, 1, 0, 0);
                const auto times = due(text, name, begin, begin + 40 * 86'400);
                EXPECT_EQ(times.size(), 40U * 24) << name;
                EXPECT_EQ(steps(times), Times(times.size() - 1, 3600)) << name;
            }
        }
    }
    // Half an hour left out, and half an hour twice: each hour's minute once.
    const auto forward = steps(
        due("hourly :15", "Australia/Lord_Howe", utc(2026, 10, 3, 13, 0), utc(2026, 10, 3, 17, 0)));
    EXPECT_EQ(forward, (Times{3600, 2700, 2700}));
    const auto back = steps(
        due("hourly :45", "Australia/Lord_Howe", utc(2026, 4, 4, 13, 0), utc(2026, 4, 4, 17, 0)));
    EXPECT_EQ(back, (Times{3600, 5400}));
}

// Whatever is due next is, once it has come, the latest; over years, with all changes of the
// clocks.
TEST(CronScheduleTest, AgreesWithItself) {
    for (const auto* name : {"Europe/Berlin", "America/New_York", "Australia/Lord_Howe",
                             "Asia/Kolkata", "Pacific/Apia", "Africa/Casablanca", "UTC"}) {
        const auto clocks = zone(name);
        for (const auto* text : {"daily 02:00", "daily 00:00", "daily 23:59", "weekly sun 02:30"}) {
            const auto which = schedule(text);
            auto at = utc(2011, 12, 1, 0, 0);
            int count = 0;
            for (const auto end = utc(2014, 1, 1, 0, 0); at < end; ++count) {
                const auto next = which.next_after(clocks, at).value();
                ASSERT_GT(next, at) << name << ' ' << text;
                ASSERT_EQ(which.latest_until(clocks, next), next) << name << ' ' << text;
                ASSERT_EQ(which.latest_until(clocks, next - 1), which.latest_until(clocks, at));
                ASSERT_EQ(which.next_after(clocks, next - 1), next);
                at = next;
            }
            const int days = 762;
            EXPECT_NEAR(count, std::string_view(text).starts_with("weekly") ? days / 7 : days, 2)
                << name << ' ' << text;
        }
    }
}

TEST(CronScheduleTest, RefusesWhatIsNoSchedule) {
    for (const auto* text : {"",
                             " ",
                             "on",
                             "Off",
                             "daily",
                             "daily ",
                             "daily 2:00",
                             "daily 24:00",
                             "daily 02:60",
                             "daily 02:00 ",
                             "daily  02:00",
                             "daily -2:00",
                             "daily 02-00",
                             "weekly 02:00",
                             "weekly sunday 02:00",
                             "weekly Sun 02:00",
                             "weekly sun",
                             "weekly sun 25:00",
                             "hourly",
                             "hourly 15",
                             "hourly :5",
                             "hourly :60",
                             "hourly :-1",
                             "every",
                             "every 5",
                             "every m",
                             "every 0m",
                             "every -5m",
                             "every 5d",
                             "every 25h",
                             "every 99999999999h",
                             "every 5m 3",
                             "0 2 * * *",
                             "monthly 1 02:00"}) {
        EXPECT_FALSE(CronSchedule::parse(text)) << text;
    }
}

}  // namespace
}  // namespace coupon
