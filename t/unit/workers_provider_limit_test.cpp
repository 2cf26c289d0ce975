// How many calls of a provider may begin, as far as it holds without Redis; with it, see t/jobs.
#include <gtest/gtest.h>
#include <stdlib.h>

#include "runtime/error.hpp"
#include "runtime/provider_limit.hpp"

namespace coupon {
namespace {

using namespace std::chrono_literals;

class ProviderLimitTest : public ::testing::Test {
  protected:
    ProviderLimit limit(std::optional<RateLimit> rate) const {
        RedisAddress nowhere;
        nowhere.unix_path = "/nonexistent/redis.sock";
        return {nowhere, "sendgrid", rate, log_};
    }

    const Log log_{"test", "test", LogLevel::error};
};

TEST_F(ProviderLimitTest, WithoutRedisThisProcessKeepsToTheRate) {
    auto limited = limit(RateLimit{100, 3'600'000'000'000});  // one call an hour, after a hundred
    EXPECT_EQ(limited.acquire(60), 60);
    EXPECT_EQ(limited.wait(), 0ms);
    EXPECT_EQ(limited.acquire(60), 40);
    EXPECT_GT(limited.wait(), 59min);
    EXPECT_EQ(limited.acquire(1), 0);
    limited.put_back(2);
    EXPECT_EQ(limited.acquire(5), 2);
    EXPECT_EQ(limited.acquire(0), 0);
}

TEST_F(ProviderLimitTest, AFastRateIsNotAskedForEachSingleCall) {
    auto limited = limit(RateLimit{10, 10'000'000});  // 100 a second
    EXPECT_EQ(limited.acquire(50), 10);
    EXPECT_GT(limited.wait(), 10ms);
    EXPECT_LE(limited.wait(), 20ms);
}

TEST_F(ProviderLimitTest, WithoutARateOnlyAPauseLimits) {
    auto unlimited = limit(std::nullopt);
    EXPECT_EQ(unlimited.acquire(1'000'000), 1'000'000);
    unlimited.stop_for(10min);
    unlimited.stop_for(1min);
    EXPECT_EQ(unlimited.acquire(1), 0);
    EXPECT_GT(unlimited.wait(), 9min) << "a shorter pause does not end a longer one";
    unlimited.stop_for(24h);
    EXPECT_EQ(unlimited.acquire(1), 0);
    EXPECT_LE(unlimited.wait(), 1h);
}

TEST_F(ProviderLimitTest, APauseEnds) {
    auto unlimited = limit(std::nullopt);
    unlimited.stop_for(-5s);
    EXPECT_EQ(unlimited.acquire(1), 1);
    unlimited.stop_for(1ms);
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (unlimited.acquire(1) == 0) {
        ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    }
}

TEST(ConfiguredProviderRate, IsReadAndChecked) {
    EXPECT_EQ(configured_provider_rate("sendgrid"), std::nullopt);
    ::setenv("SENDGRID_RATE", "600r/m", 1);
    EXPECT_EQ(configured_provider_rate("sendgrid"), (RateLimit{600, 100'000'000}));
    ::setenv("SENDGRID_RATE", "fast", 1);
    try {
        configured_provider_rate("sendgrid");
        FAIL();
    } catch (const ConfigError& error) {
        EXPECT_STREQ(error.what(), "SENDGRID_RATE must be a rate such as 100r/s or 600r/m");
    }
    ::unsetenv("SENDGRID_RATE");
}

}  // namespace
}  // namespace coupon
