// When a provider that does not work is left alone, and when it is tried again.
#include <gtest/gtest.h>

#include "runtime/circuit_breaker.hpp"

namespace coupon {
namespace {

using namespace std::chrono_literals;
using State = CircuitBreaker::State;

class BreakerTest : public ::testing::Test {
  protected:
    void fail(int times = 1) {
        for (int i = 0; i < times; ++i) {
            breaker_.begun();
            breaker_.failed(now_);
        }
    }
    void succeed() {
        breaker_.begun();
        breaker_.succeeded();
    }
    [[nodiscard]] int allowed() const { return breaker_.allows(10, now_); }
    [[nodiscard]] State state() const { return breaker_.state(now_); }

    CircuitBreaker breaker_{3, 1s, 4s};
    CircuitBreaker::Clock::time_point now_{1000s};
};

TEST_F(BreakerTest, FailuresInARowOpenIt) {
    EXPECT_EQ(allowed(), 10);
    fail(2);
    EXPECT_EQ(allowed(), 10);
    succeed();
    fail(2);
    EXPECT_EQ(state(), State::closed);
    fail();
    EXPECT_EQ(state(), State::open);
    EXPECT_EQ(allowed(), 0);
    EXPECT_EQ(breaker_.opens_at(), now_ + 1s);
}

TEST_F(BreakerTest, AfterThePauseOneProbeDecides) {
    fail(3);
    now_ += 999ms;
    EXPECT_EQ(allowed(), 0);
    now_ += 1ms;
    EXPECT_EQ(state(), State::probing);
    EXPECT_EQ(allowed(), 1);
    EXPECT_EQ(breaker_.allows(0, now_), 0);
    breaker_.begun();
    EXPECT_EQ(allowed(), 0) << "one at a time";
    breaker_.succeeded();
    EXPECT_EQ(state(), State::closed);
    EXPECT_EQ(allowed(), 10);
    fail(2);
    EXPECT_EQ(state(), State::closed) << "it counts anew";
}

TEST_F(BreakerTest, EachFailedProbeDoublesThePauseUpToItsMost) {
    fail(3);
    for (const auto pause : {2s, 4s, 4s}) {
        now_ = breaker_.opens_at();
        fail();
        EXPECT_EQ(breaker_.opens_at(), now_ + pause);
    }
    now_ = breaker_.opens_at();
    succeed();
    fail(3);
    EXPECT_EQ(breaker_.opens_at(), now_ + 1s) << "the first pause again";
}

TEST_F(BreakerTest, CallsThatWereUnderWayWhenItOpenedChangeNothing) {
    fail(3);
    now_ += 500ms;
    breaker_.failed(now_);
    EXPECT_EQ(breaker_.opens_at(), now_ + 500ms);
    breaker_.undecided();
    EXPECT_EQ(state(), State::open);
    breaker_.succeeded();
    EXPECT_EQ(state(), State::closed) << "it works after all";
}

TEST_F(BreakerTest, AProbeThatTellsNothingMakesRoomForTheNext) {
    fail(3);
    now_ = breaker_.opens_at();
    breaker_.begun();
    EXPECT_EQ(allowed(), 0);
    breaker_.undecided();
    EXPECT_EQ(allowed(), 1);
}

}  // namespace
}  // namespace coupon
