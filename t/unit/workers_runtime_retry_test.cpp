// When a job that failed is tried again, and what Retry-After says about it.
#include <gtest/gtest.h>

#include "runtime/retry_policy.hpp"

namespace coupon {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr long long now_s = 1'700'000'000;  // Tue, 14 Nov 2023 22:13:20 GMT

TEST(RetryDelay, GrowsWithTheFourthPowerAndVaries) {
    std::minstd_rand random(1);
    for (const int n : {1, 2, 5, 16}) {
        const auto least = seconds(n * n * n * n + 15);
        const auto most = least + seconds(10 * (n + 1));
        auto shortest = retry_delay(n, random);
        auto longest = shortest;
        for (int i = 0; i < 1000; ++i) {
            const auto delay = retry_delay(n, random);
            shortest = std::min(shortest, delay);
            longest = std::max(longest, delay);
        }
        EXPECT_GE(shortest, least);
        EXPECT_LE(longest, most);
        EXPECT_GT(longest - shortest, seconds(5 * (n + 1)));
    }
}

TEST(RetryDelay, HoldsForNumbersNobodyExpects) {
    std::minstd_rand random(1);
    EXPECT_GE(retry_delay(0, random), seconds(16));
    EXPECT_GE(retry_delay(-5, random), seconds(16));
    EXPECT_GT(retry_delay(2'000'000'000, random), seconds(0));
}

TEST(RetryAfter, Seconds) {
    EXPECT_EQ(parse_retry_after("0", now_s), milliseconds(0));
    EXPECT_EQ(parse_retry_after(" 120 ", now_s), seconds(120));
    EXPECT_EQ(parse_retry_after("86401", now_s), seconds(86400));
    EXPECT_EQ(parse_retry_after("99999999999999999999999", now_s), seconds(86400));
}

TEST(RetryAfter, Dates) {
    EXPECT_EQ(parse_retry_after("Tue, 14 Nov 2023 22:14:20 GMT", now_s), seconds(60));
    EXPECT_EQ(parse_retry_after("Tuesday, 14-Nov-23 22:14:20 GMT", now_s), seconds(60));
    EXPECT_EQ(parse_retry_after("Tue Nov 14 22:14:20 2023", now_s), seconds(60));
    EXPECT_EQ(parse_retry_after("Tue, 14 Nov 2023 22:00:00 GMT", now_s), seconds(0));
    EXPECT_EQ(parse_retry_after("Tue, 14 Nov 2073 22:00:00 GMT", now_s), seconds(86400));
}

TEST(RetryAfter, Nonsense) {
    for (const char* value : {"", " ", "-1", "1.5", "soon", "12 s", "Tue, 14 Nov 2023 22:14:20 GMT x"}) {
        EXPECT_EQ(parse_retry_after(value, now_s), std::nullopt) << value;
    }
}

}  // namespace
}  // namespace coupon
