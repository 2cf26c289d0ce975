#include <gtest/gtest.h>

#include "runtime/error.hpp"
#include "runtime/time_zone.hpp"

namespace coupon {
namespace {

constexpr std::int64_t noon_2026_11_21 = 1'795'262'400;  // 2026-11-21T12:00:00Z
constexpr std::int64_t noon_2026_07_01 = 1'782'907'200;  // 2026-07-01T12:00:00Z
constexpr std::int64_t hour = 3600;

TEST(TimeZoneTest, KnowsNamedZonesAndFixedOffsets) {
    EXPECT_EQ(TimeZone().offset_at(noon_2026_11_21), 0);
    EXPECT_EQ(TimeZone::find("UTC")->offset_at(noon_2026_11_21), 0);
    EXPECT_EQ(TimeZone::find("Asia/Kolkata")->offset_at(noon_2026_11_21), 5 * hour + hour / 2);
    EXPECT_EQ(TimeZone::find("+05:30")->offset_at(noon_2026_11_21), 5 * hour + hour / 2);
    EXPECT_EQ(TimeZone::find("-03:00")->offset_at(noon_2026_11_21), -3 * hour);
    EXPECT_EQ(TimeZone::find("Europe/Moscow")->offset_at(noon_2026_11_21), 3 * hour);
}

TEST(TimeZoneTest, FollowsSummerTime) {
    const auto berlin = *TimeZone::find("Europe/Berlin");
    EXPECT_EQ(berlin.offset_at(noon_2026_07_01), 2 * hour);
    EXPECT_EQ(berlin.offset_at(noon_2026_11_21), hour);
    EXPECT_EQ(berlin.unix_time(noon_2026_07_01 + 2 * hour), noon_2026_07_01);
    EXPECT_EQ(berlin.unix_time(noon_2026_11_21 + hour), noon_2026_11_21);
    // 2026-10-25 01:00 UTC: clocks go back from three to two.
    constexpr std::int64_t back = 1'792'890'000;
    EXPECT_EQ(berlin.offset_at(back - 1), 2 * hour);
    EXPECT_EQ(berlin.offset_at(back), hour);
    EXPECT_EQ(berlin.unix_time(back + 2 * hour), back + hour);  // three o'clock, without doubt
}

TEST(TimeZoneTest, RefusesWhatIsNoZone) {
    for (const auto* name : {"", "Mars/Olympus", "../../../etc/passwd", "/etc/passwd", "+5:30",
                             "+25:00", "+05:60", "zone.tab", "Asia"}) {
        EXPECT_FALSE(TimeZone::find(name)) << name;
    }
    ::setenv("TEST_TZ", "Mars/Olympus", 1);
    try {
        configured_time_zone("TEST_TZ", "UTC");
        ADD_FAILURE() << "taken";
    } catch (const ConfigError& error) {
        EXPECT_NE(std::string(error.what()).find("TEST_TZ"), std::string::npos);
    }
    ::unsetenv("TEST_TZ");
    EXPECT_EQ(configured_time_zone("TEST_TZ", "Asia/Kolkata").offset_at(0), 5 * hour + hour / 2);
}

}  // namespace
}  // namespace coupon
