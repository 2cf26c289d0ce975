// Pages: cut into records whatever these hold, and read again where the list moved.
#include <gtest/gtest.h>

#include "cashback/networks/calendar_day.hpp"
#include "cashback/networks/page_sweep.hpp"
#include "cashback/networks/record_slices.hpp"
#include "runtime/retry_policy.hpp"

namespace coupon {
namespace {

using Records = std::vector<std::string_view>;

TEST(RecordSlicesTest, CutsAPageIntoTheTextsOfItsRecords) {
    const auto page = slice_records(
        R"( {"success": true, "records" : [ {"a":"]}\""}, 7 ,"x", {"b":[[],{}]} ], "count": 4})",
        "records");
    EXPECT_TRUE(page.found);
    EXPECT_EQ(page.records, (Records{R"({"a":"]}\""})", "7", R"("x")", R"({"b":[[],{}]})"}));
    EXPECT_EQ(read_mended_json(page.rest)->at("count"), "4");
}

TEST(RecordSlicesTest, FollowsAPathAndABareArray) {
    EXPECT_EQ(slice_records(R"({"x":{"data":[9]},"data":{"n":1,"conversions":[1,2]}})",
                            "data.conversions")
                  .records,
              (Records{"1", "2"}));
    EXPECT_TRUE(slice_records("\xef\xbb\xbf{\"records\":[]}", "records").found);
}

TEST(RecordSlicesTest, ARecordThatIsBrokenSpoilsNoOther) {
    const auto page = slice_records(
        "{\"records\":[{\"a\":1},{\"a\":NaN},{\"a\":\"\xff\"},{\"a\":1,\"a\":2},{\"a\":\"\\ud800\"}"
        ",{\"a\":3}]}",
        "records");
    EXPECT_EQ(page.records.size(), 6U);
    EXPECT_TRUE(read_mended_json(page.rest));
}

TEST(RecordSlicesTest, FindsNothingInWhatHasNoSuchArray) {
    for (const auto* text : {"", "x", "[]", "{}", "{\"records\":{}}", "{\"records\":[1,2}",
                             "{\"records\":[1", "{\"records\":[1 2]}", "{\"records\":[{\"a\":]}]}",
                             "{\"records\":[\"]}", "{\"records\":[,]}", "{\"records\"",
                             "{\"a\":{\"records\":[]}}", "<html>{\"records\":[]}</html>"}) {
        const auto page = slice_records(text, "records");
        EXPECT_FALSE(page.found) << text;
        EXPECT_TRUE(page.records.empty()) << text;
        EXPECT_EQ(page.rest, text);
    }
}

class PageSweepTest : public testing::Test {
  protected:
    static std::vector<NetworkTransaction> page(int first, int count) {
        std::vector<NetworkTransaction> records(static_cast<std::size_t>(count));
        for (auto& record : records) {
            record.id = std::to_string(first++);
        }
        return records;
    }

    std::optional<std::int64_t> after(std::int64_t number, int first, int count, int total) {
        return sweep_.page_after(number, page(first, count), 10, total);
    }

    Log log_{"test", "test", LogLevel::error};
    PageSweep sweep_{"network", log_};
};

TEST_F(PageSweepTest, ReadsToTheEnd) {
    EXPECT_EQ(after(1, 0, 10, 25), 2);
    EXPECT_EQ(after(2, 10, 10, 25), 3);
    EXPECT_EQ(after(3, 20, 5, 25), std::nullopt);
}

TEST_F(PageSweepTest, EndsAtAnEmptyPageAndWithoutATotal) {
    EXPECT_EQ(sweep_.page_after(1, page(0, 10), 10, std::nullopt), 2);
    EXPECT_EQ(sweep_.page_after(2, {}, 10, std::nullopt), std::nullopt);
}

TEST_F(PageSweepTest, GoesOnWhereTheNetworkGivesShorterPages) {
    EXPECT_EQ(after(1, 0, 5, 10), 2);
    EXPECT_EQ(after(2, 5, 5, 10), std::nullopt);
}

TEST_F(PageSweepTest, ReadsAgainWhereFewerWereMetThanThereAre) {
    EXPECT_EQ(after(1, 0, 10, 15), 2);
    EXPECT_EQ(after(2, 11, 4, 15), 3);  // the one with number 10 was between the pages
    EXPECT_EQ(after(3, 0, 0, 15), 1);
    EXPECT_EQ(after(1, 0, 10, 15), 2);
    EXPECT_EQ(after(2, 10, 5, 15), std::nullopt);
}

TEST_F(PageSweepTest, LeavesNewcomersOnPagesThatWereReadToTheNextRun) {
    EXPECT_EQ(after(1, 0, 10, 15), 2);
    // Two came before those of the first page, and moved others here.
    EXPECT_EQ(after(2, 8, 7, 17), std::nullopt);
}

TEST_F(PageSweepTest, ReadsAgainWhereTheTotalShrank) {
    EXPECT_EQ(after(1, 0, 10, 16), 2);
    EXPECT_EQ(after(2, 11, 5, 15), 1);
    EXPECT_EQ(after(1, 1, 10, 15), 2);
    EXPECT_EQ(after(2, 11, 5, 15), std::nullopt);
}

TEST_F(PageSweepTest, BelievesATotalNoLongerThanAReadingBringsSomethingNew) {
    EXPECT_EQ(after(1, 0, 8, 30), 2);
    EXPECT_EQ(after(2, 0, 0, 30), 1);
    EXPECT_EQ(after(1, 0, 8, 30), 2);
    EXPECT_EQ(after(2, 0, 0, 30), std::nullopt);
}

TEST_F(PageSweepTest, TakesTheCountOfAPageForNoTotal) {
    EXPECT_EQ(after(1, 0, 10, 10), 2);
    EXPECT_EQ(after(2, 10, 10, 10), 3);
    EXPECT_EQ(after(3, 20, 4, 4), std::nullopt);
}

TEST_F(PageSweepTest, GivesUpOnAListThatNeverHoldsStill) {
    EXPECT_THROW(
        {
            int first = 0;
            for (int reading = 0; reading < 10; ++reading) {
                after(1, first, 10, 100);
                after(2, 0, 0, 100);
                first += 10;
            }
        },
        RetryLater);
}

TEST_F(PageSweepTest, GivesUpWhereEveryNumberIsTheSamePage) {
    EXPECT_THROW(
        {
            for (int number = 1; number < 10; ++number) {
                after(number, 0, 10, 10);
            }
        },
        PermanentFailure);
}

TEST_F(PageSweepTest, KnowsRecordsWithoutAnIdByTheirText) {
    std::vector<NetworkTransaction> nameless(2);
    nameless[0].raw = "\"a\"";
    nameless[1].raw = "\"b\"";
    EXPECT_EQ(sweep_.page_after(1, nameless, 10, 2), std::nullopt);
}

TEST(CalendarDayTest, TakesADayMoreAtBothEndsAndEndsInTheFuture) {
    constexpr std::int64_t noon = 1'795'262'400'000;  // 2026-11-21T12:00:00Z
    constexpr std::int64_t day = 86'400'000;
    const auto days = days_of({noon - 30 * day, noon - 10 * day}, noon);
    EXPECT_EQ(days.first, "2026-10-21");
    EXPECT_EQ(days.last, "2026-11-22");
    EXPECT_EQ(days_of({0, noon + 2 * day}, noon).first, "1970-01-01");
    EXPECT_EQ(days_of({0, noon + 2 * day}, noon).last, "2026-11-24");
}

}  // namespace
}  // namespace coupon
