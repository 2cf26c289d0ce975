// When a network is read next, and which settings of the role are refused.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "cashback/cashback_settings.hpp"
#include "cashback/network_schedule.hpp"
#include "cashback/seen_ids.hpp"
#include "runtime/error.hpp"

namespace coupon {
namespace {

constexpr std::int64_t hour_ms = 3'600'000;
constexpr std::chrono::milliseconds every{6 * hour_ms};

// Now is 100 h; the daily run's times are 98 h and 122 h. The last run went from 96 h to 97 h.
ScheduleState after_a_good_run() {
    ScheduleState state;
    state.now_ms = 100 * hour_ms;
    state.daily_ms = 98 * hour_ms;
    state.next_daily_ms = 122 * hour_ms;
    state.started_ms = 96 * hour_ms;
    state.finished_ms = 97 * hour_ms;
    state.first_started_ms = 10 * hour_ms;
    state.daily_done_ms = 98 * hour_ms + 1;
    return state;
}

TEST(NetworkSchedule, TheVeryFirstRunIsDueAndNoDailyOne) {
    ScheduleState state;
    state.now_ms = 100 * hour_ms;
    state.daily_ms = 98 * hour_ms;
    const auto next = next_run(state, every);
    EXPECT_EQ(next.cause, RunCause::schedule);
    EXPECT_EQ(next.due_ms, state.now_ms);
}

TEST(NetworkSchedule, TheNextComesSomeTimeAfterTheEndOfTheLast) {
    const auto next = next_run(after_a_good_run(), every);
    EXPECT_EQ(next.cause, RunCause::schedule);
    EXPECT_EQ(next.due_ms, 103 * hour_ms);
}

TEST(NetworkSchedule, TheDailyOneComesFirstWhereItsTimeIsSooner) {
    const auto next = next_run(after_a_good_run(), std::chrono::milliseconds(50 * hour_ms));
    EXPECT_EQ(next.cause, RunCause::daily);
    EXPECT_EQ(next.due_ms, 122 * hour_ms);
}

TEST(NetworkSchedule, ADailyRunThatWasMissedIsOwed) {
    auto state = after_a_good_run();
    state.daily_done_ms = 74 * hour_ms;
    EXPECT_EQ(next_run(state, every).cause, RunCause::daily);
    EXPECT_LE(next_run(state, every).due_ms, state.now_ms);
    state.daily_done_ms.reset();
    EXPECT_EQ(next_run(state, every).cause, RunCause::daily);
}

TEST(NetworkSchedule, ANetworkThatIsNewTodayOwesNoDailyRun) {
    auto state = after_a_good_run();
    state.daily_done_ms.reset();
    state.first_started_ms = 99 * hour_ms;
    EXPECT_EQ(next_run(state, every).cause, RunCause::schedule);
}

TEST(NetworkSchedule, OneThatFailedWaitsForItsTimeEvenWhenADailyOneIsOwed) {
    auto state = after_a_good_run();
    state.failed = true;
    state.retry_ms = 101 * hour_ms;
    state.daily_done_ms = 74 * hour_ms;
    const auto next = next_run(state, every);
    EXPECT_EQ(next.cause, RunCause::daily);
    EXPECT_EQ(next.due_ms, 101 * hour_ms);
}

TEST(NetworkSchedule, OneThatNeverEndedIsLookedAtAtOnce) {
    auto state = after_a_good_run();
    state.finished_ms.reset();
    EXPECT_EQ(next_run(state, every).due_ms, state.now_ms);
}

TEST(SeenIds, KnowsWhatItMet) {
    SeenIds seen;
    int known = 0;
    for (int id = 0; id < 100'000; ++id) {
        known += seen.add("transaction-" + std::to_string(id)) ? 0 : 1;
    }
    EXPECT_LT(known, 10);  // taken for another one
    for (int id = 0; id < 100'000; ++id) {
        EXPECT_FALSE(seen.add("transaction-" + std::to_string(id)));
    }
}

class CashbackEnvironment : public ::testing::Test {
  protected:
    void set(const char* name, const char* value) {
        ::setenv(name, value, 1);
        names_.emplace_back(name);
    }
    void TearDown() override {
        for (const auto& name : names_) {
            ::unsetenv(name.c_str());
        }
    }

  private:
    std::vector<std::string> names_;
};

TEST_F(CashbackEnvironment, HasDefaults) {
    const auto settings = configured_cashback();
    EXPECT_EQ(settings.every, std::chrono::hours(6));
    EXPECT_EQ(settings.overlap, std::chrono::hours(30 * 24));
    EXPECT_EQ(settings.reversals, std::chrono::hours(90 * 24));
    EXPECT_EQ(settings.daily_at, "02:00");
    EXPECT_EQ(settings.effects.currency, "INR");
    EXPECT_TRUE(settings.effects.click_keys.empty());
}

TEST_F(CashbackEnvironment, ReadsDurationsAndKeys) {
    set("CASHBACK_EVERY", "90m");
    set("COUPON_CLICK_KEY",
        "000102030405060708090a0b0c0d0e0f, ffeeddccbbaa99887766554433221100\n"
        "0123456789abcdef0123456789abcdef\n");
    const auto settings = configured_cashback();
    EXPECT_EQ(settings.every, std::chrono::minutes(90));
    EXPECT_EQ(settings.effects.click_keys.size(), 3U);
}

TEST_F(CashbackEnvironment, RefusesWhatItCannotMean) {
    const std::vector<std::pair<const char*, const char*>> wrong{
        {"CASHBACK_EVERY", "0h"},       {"CASHBACK_EVERY", "6"},
        {"CASHBACK_EVERY", "h"},        {"CASHBACK_EVERY", "-1h"},
        {"CASHBACK_DAILY_AT", "24:00"}, {"CASHBACK_DAILY_AT", "2:00"},
        {"CASHBACK_DAILY_AT", "02:60"}, {"CASHBACK_DAILY_AT", "-2:00"},
        {"CASHBACK_WINDOW_DAYS", "0"},  {"CASHBACK_REVERSAL_DAYS", "x"},
        {"UNMATCHED_ALERT", "101"},     {"CASHBACK_CURRENCY", "inr"},
        {"ATTRIBUTION_DAYS", "1e3"},    {"COUPON_CLICK_KEY", "00"}};
    for (const auto& [name, value] : wrong) {
        set(name, value);
        try {
            configured_cashback();
            ADD_FAILURE() << name << " took " << value;
        } catch (const ConfigError& error) {
            EXPECT_EQ(std::string(error.what()).rfind(name, 0), 0U) << error.what();
        }
        ::unsetenv(name);
    }
}

}  // namespace
}  // namespace coupon
