#include "runtime/watched_loop.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace coupon {
namespace {

using namespace std::chrono_literals;

constexpr auto limit = 20ms;

TEST(WatchedLoop, IsStuckOnceItDoesNotComeRoundWithinTheLimit) {
    EXPECT_EQ(look_at_loops(limit).watched, 0U);
    WatchedLoop loop("clicks");
    EXPECT_EQ(look_at_loops(limit).watched, 1U);
    EXPECT_EQ(look_at_loops(1h).stuck, "");
    std::this_thread::sleep_for(2 * limit);
    EXPECT_EQ(look_at_loops(limit).stuck, "clicks");
    loop.came_round();
    EXPECT_EQ(look_at_loops(1h).stuck, "");
}

TEST(WatchedLoop, IsForgottenOnceItIsGone) {
    { WatchedLoop loop("gone"); }
    std::this_thread::sleep_for(2 * limit);
    EXPECT_EQ(look_at_loops(limit).watched, 0U);
    EXPECT_EQ(look_at_loops(limit).stuck, "");
}

TEST(WatchedLoop, RoundsAreThoseOfTheThreadsWhoseTurnItIs) {
    WatchedLoop loop("jobs");
    const auto begun = loop.last();
    note_round();
    EXPECT_EQ(loop.last(), begun) << "this thread has no turn";
    std::thread([&loop] {
        const WatchedLoop::Turns turns(loop);
        std::this_thread::sleep_for(1ms);
        note_round();
    }).join();
    EXPECT_GT(loop.last(), begun);
    const auto ended = loop.last();
    note_round();
    EXPECT_EQ(loop.last(), ended);
}

TEST(WatchedLoop, OneThatComesRoundDoesNotHideAnother) {
    WatchedLoop stuck("stuck");
    std::this_thread::sleep_for(2 * limit);
    WatchedLoop lively("lively");
    EXPECT_EQ(look_at_loops(limit).stuck, "stuck");
}

}  // namespace
}  // namespace coupon
