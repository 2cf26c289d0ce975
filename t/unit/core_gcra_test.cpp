#include "core/gcra.hpp"

#include <gtest/gtest.h>

namespace coupon {
namespace {

constexpr uint64_t kSecond_ns = 1'000'000'000;
constexpr uint64_t kNow_ns = 5'000 * kSecond_ns;

TEST(RateLimitText, IsRequestsPerSecondOrMinute) {
    EXPECT_EQ(parse_rate_limit("100r/m"), (RateLimit{100, 600'000'000}));
    EXPECT_EQ(parse_rate_limit("5r/s"), (RateLimit{5, 200'000'000}));
    EXPECT_EQ(parse_rate_limit("1r/m"), (RateLimit{1, 60 * kSecond_ns}));
    EXPECT_TRUE(parse_rate_limit("1000000r/s"));
    for (const char* bad : {"", "100", "r/m", "0r/m", "-1r/m", "+1r/m", "1r/h", "1r/mm", "1r/m ",
                            " 1r/m", "1.5r/s", "1000001r/s", "99999999999r/s"}) {
        EXPECT_FALSE(parse_rate_limit(bad)) << bad;
    }
}

TEST(Gcra, ExactlyTheBurstPassesAtOnce) {
    RateLimit limit = *parse_rate_limit("100r/m");
    uint64_t tat_ns = 0;
    for (int request = 0; request < 100; ++request) {
        Decision decision = gcra_check(limit, tat_ns, kNow_ns);
        ASSERT_TRUE(decision.allowed) << request;
        EXPECT_EQ(decision.retry_after_s, 0u);
        tat_ns = decision.new_tat_ns;
    }
    Decision refused = gcra_check(limit, tat_ns, kNow_ns);
    EXPECT_FALSE(refused.allowed);
    EXPECT_EQ(refused.new_tat_ns, tat_ns);
    EXPECT_EQ(refused.retry_after_s, 1u);
}

TEST(Gcra, RefillsEvenly) {
    RateLimit limit = *parse_rate_limit("100r/m");
    uint64_t tat_ns = kNow_ns + 60 * kSecond_ns;  // used up
    EXPECT_FALSE(gcra_check(limit, tat_ns, kNow_ns + 599'999'999).allowed);
    Decision decision = gcra_check(limit, tat_ns, kNow_ns + 600'000'000);
    EXPECT_TRUE(decision.allowed);
    EXPECT_FALSE(gcra_check(limit, decision.new_tat_ns, kNow_ns + 600'000'000).allowed);
    // After a minute of silence the whole burst is back, and not more.
    uint64_t later_ns = kNow_ns + 600 * kSecond_ns;
    int passed = 0;
    for (int request = 0; request < 300; ++request) {
        decision = gcra_check(limit, tat_ns, later_ns);
        tat_ns = decision.new_tat_ns;
        passed += decision.allowed;
    }
    EXPECT_EQ(passed, 100);
}

TEST(Gcra, TellsWhenToComeBack) {
    RateLimit limit = *parse_rate_limit("1r/m");
    Decision first = gcra_check(limit, 0, kNow_ns);
    ASSERT_TRUE(first.allowed);
    EXPECT_EQ(gcra_check(limit, first.new_tat_ns, kNow_ns).retry_after_s, 60u);
    EXPECT_EQ(gcra_check(limit, first.new_tat_ns, kNow_ns + 1).retry_after_s, 60u);
    EXPECT_EQ(gcra_check(limit, first.new_tat_ns, kNow_ns + kSecond_ns).retry_after_s, 59u);
    EXPECT_TRUE(gcra_check(limit, first.new_tat_ns, kNow_ns + 60 * kSecond_ns).allowed);
}

TEST(Gcra, CountsWhatPassedElsewhere) {
    RateLimit limit = *parse_rate_limit("10r/m");
    uint64_t tat_ns = gcra_advance(limit, 0, kNow_ns, 7);
    int passed = 0;
    for (int request = 0; request < 10; ++request) {
        Decision decision = gcra_check(limit, tat_ns, kNow_ns);
        tat_ns = decision.new_tat_ns;
        passed += decision.allowed;
    }
    EXPECT_EQ(passed, 3);
}

TEST(Gcra, NobodyWaitsLongerThanOneRefill) {
    RateLimit limit = *parse_rate_limit("10r/m");
    uint64_t tat_ns = gcra_advance(limit, 0, kNow_ns, UINT64_MAX);
    EXPECT_EQ(tat_ns, kNow_ns + 60 * kSecond_ns);
    EXPECT_EQ(gcra_advance(limit, tat_ns, kNow_ns, 5), tat_ns);
    EXPECT_EQ(gcra_check(limit, tat_ns, kNow_ns).retry_after_s, 6u);
    EXPECT_EQ(gcra_advance(limit, tat_ns, kNow_ns, 0), tat_ns);
}

}  // namespace
}  // namespace coupon
