// What is sent, in which order, and when again.
#include "journal/delivery.hpp"

#include <gtest/gtest.h>

#include "journal_delivery_support.hpp"

namespace coupon {
namespace {

using namespace test;

TEST_F(JournalDelivery, NothingIsHandedOutBeforeTheEpochIsKnown) {
    Lane lane(small_options(folder_.path(), 1000), lane_.map);
    lane.prepare();
    append(lane.writer, "one");
    EXPECT_TRUE(lane.delivery.next_batch(10, 1000).records.empty());
    lane.delivery.on_epoch(0);  // a hash may be 0
    EXPECT_EQ(lane.delivery.next_batch(10, 1000).records.size(), 1u);
}

TEST_F(JournalDelivery, SendsEverythingOnceInOrder) {
    append_many(3000, 100);  // several segments
    EXPECT_EQ(send_all(10, 77), range(0, 3000));
    EXPECT_TRUE(send_all(10).empty());
    append_many(5);
    EXPECT_EQ(send_all(11), range(3000, 3005));
    EXPECT_EQ(delivery_.counts().unsent, 0u);
    EXPECT_EQ(delivery_.counts().in_flight, 3005u);
}

TEST_F(JournalDelivery, BatchKeepsItsBounds) {
    append_many(10, 100);
    SendBatch batch = delivery_.next_batch(1000, 350);
    EXPECT_EQ(batch.records.size(), 3u);
    EXPECT_EQ(batch.bytes, 300u);
    EXPECT_EQ(delivery_.next_batch(1000, 5).records.size(), 1u);  // at least one
    EXPECT_EQ(delivery_.next_batch(2, 1 << 20).records.size(), 2u);
    EXPECT_EQ(delivery_.waiting(100), 4u);
    EXPECT_EQ(delivery_.waiting(3), 3u);
}

TEST_F(JournalDelivery, WhatWasNotSentIsSentAgainFirst) {
    append_many(30);
    SendBatch one = delivery_.next_batch(10, 1 << 20);
    SendBatch two = delivery_.next_batch(10, 1 << 20);
    delivery_.on_sent(two.token, 1);
    delivery_.on_not_sent(one.token);
    EXPECT_EQ(first().file->header().load_progress().cursor, 0u);
    EXPECT_EQ(send_all(2), joined(range(0, 10), range(20, 30)));
    EXPECT_EQ(first().file->header().load_progress().cursor, 30u);
    delivery_.on_sent(one.token, 3);  // answered twice: ignored
    delivery_.on_not_sent(12345);
    EXPECT_TRUE(send_all(3).empty());
}

TEST_F(JournalDelivery, CursorStopsAtTheFirstUnanswered) {
    append_many(30);
    SendBatch one = delivery_.next_batch(10, 1 << 20);
    SendBatch two = delivery_.next_batch(10, 1 << 20);
    delivery_.on_sent(two.token, 1);
    EXPECT_EQ(first().file->header().load_progress().cursor, 0u);
    delivery_.on_sent(one.token, 1);
    EXPECT_EQ(first().file->header().load_progress().cursor, 20u);
}

TEST_F(JournalDelivery, NewEpochSendsTheGapsAgain) {
    append_many(100);
    send_all(1);
    settle(first(), "{[0,40),[50,60)}");
    tick(2);
    delivery_.on_epoch(1);
    EXPECT_TRUE(send_all(3).empty());
    delivery_.on_epoch(2);
    EXPECT_EQ(first().file->header().load_progress().cursor, 40u);
    EXPECT_EQ(first().file->header().load_progress().epoch, 2u);
    EXPECT_EQ(delivery_.counts().unsent, 50u);
    EXPECT_EQ(send_all(4), joined(range(40, 50), range(60, 100)));
    EXPECT_TRUE(send_all(4).empty());
}

TEST_F(JournalDelivery, AnswersOfAnOlderEpochDoNotCount) {
    append_many(20);
    SendBatch batch = delivery_.next_batch(20, 1 << 20);
    delivery_.on_epoch(2);             // FLUSHALL between the command and its answer
    EXPECT_TRUE(send_all(1).empty());  // no second copy before the answer
    delivery_.on_sent(batch.token, 2);
    EXPECT_EQ(send_all(3), range(0, 20));
}

TEST_F(JournalDelivery, HighHalfOfTheEpochCounts) {
    append_many(3);
    send_all(1);
    delivery_.on_epoch(1 | uint64_t{5} << 32);
    EXPECT_EQ(send_all(1).size(), 3u);
}

// Rule (b), first half.
TEST_F(JournalDelivery, OvertakenRecordIsSentAgainAfterAMinute) {
    append_many(10);
    send_all(1000);
    append_many(10);
    send_all(5000);
    settle(first(), "{[0,4),[6,20)}");
    tick(1000 + kMinute_ms - 1);
    EXPECT_TRUE(send_all(1000 + kMinute_ms - 1).empty());
    tick(1000 + kMinute_ms);
    EXPECT_EQ(first().file->header().load_progress().cursor, 4u);
    EXPECT_EQ(send_all(1000 + kMinute_ms), range(4, 6));
    EXPECT_EQ(first().file->header().load_progress().cursor, 20u);
}

TEST_F(JournalDelivery, OvertakenAcrossSegments) {
    append_many(700, 100);
    ASSERT_EQ(delivery_.segments().size(), 2u);
    send_all(1000);
    append_many(1, 100);
    send_all(3000);
    settle(last(),
           ("{[" + std::to_string(last().records - 1) + "," + std::to_string(last().records) + ")}")
               .c_str());
    tick(2 * kMinute_ms);
    do_tasks(2 * kMinute_ms);
    EXPECT_EQ(send_all(2 * kMinute_ms), range(0, 700));
}

TEST_F(JournalDelivery, WaitingInALongQueueIsNotOverdue) {
    append_many(10);
    send_all(1000);
    append_many(10);
    send_all(5000);
    settle(first(), "{[0,4)}");  // nothing later is settled
    tick(100 * kMinute_ms);
    EXPECT_TRUE(send_all(100 * kMinute_ms).empty());
}

// Rule (b), second half.
TEST_F(JournalDelivery, EmptyQueueMakesTheUnsettledOverdueWithDoublingPauses) {
    append_many(10);
    send_all(0);
    settle(first(), "{[0,4)}");
    uint64_t now = 0;
    for (uint64_t pause : {1, 2, 4, 8, 16, 16, 16}) {
        tick(now + pause * kMinute_ms - 1, true);
        EXPECT_TRUE(send_all(now + pause * kMinute_ms - 1).empty()) << pause;
        tick(now + pause * kMinute_ms, false);
        EXPECT_TRUE(send_all(now + pause * kMinute_ms).empty()) << pause;
        now += pause * kMinute_ms;
        tick(now, true);
        EXPECT_EQ(send_all(now), range(4, 10)) << pause;
    }
    delivery_.on_epoch(2);  // resets the pause
    EXPECT_EQ(send_all(now), range(4, 10));
    tick(now + kMinute_ms, true);
    EXPECT_EQ(send_all(now + kMinute_ms), range(4, 10));
}

TEST_F(JournalDelivery, EachGroupIsOverdueAtItsOwnMinute) {
    append_many(5);
    send_all(0);
    append_many(5);
    send_all(3000);
    tick(kMinute_ms, true);
    EXPECT_EQ(send_all(kMinute_ms), range(0, 5));
    tick(kMinute_ms + 3000, true);
    EXPECT_EQ(send_all(kMinute_ms + 3000), range(5, 10));
    tick(3 * kMinute_ms + 2999, true);
    EXPECT_EQ(send_all(3 * kMinute_ms + 2999), range(0, 5));
    tick(3 * kMinute_ms + 3000, true);
    EXPECT_EQ(send_all(3 * kMinute_ms + 3000), range(5, 10));
}

TEST_F(JournalDelivery, NothingIsOverdueWhileSettlementsAreNotRead) {
    append_many(10);
    send_all(1000);
    delivery_.tick({100 * kMinute_ms, 0, true, 1000 + kMinute_ms - 1});
    EXPECT_TRUE(send_all(100 * kMinute_ms).empty());
    delivery_.tick({100 * kMinute_ms, 0, true, 200 * kMinute_ms});  // of an earlier boot
    EXPECT_TRUE(send_all(100 * kMinute_ms).empty());
    delivery_.tick({100 * kMinute_ms, 0, true, 1000 + kMinute_ms});
    EXPECT_EQ(send_all(100 * kMinute_ms).size(), 10u);
}

TEST_F(JournalDelivery, TimeSteppingBackMakesNothingOverdue) {
    append_many(10);
    send_all(10 * kMinute_ms);
    tick(5, true);
    EXPECT_TRUE(send_all(5).empty());
    EXPECT_EQ(delivery_.counts().oldest_unsettled_ms, 0u);
    tick(11 * kMinute_ms, true);
    EXPECT_EQ(send_all(11 * kMinute_ms).size(), 10u);
}

TEST_F(JournalDelivery, ManySmallBatchesStayBounded) {
    for (int second = 0; second < 500; ++second) {
        append_many(1);
        send_all(static_cast<uint64_t>(second) * 2000);
    }
    EXPECT_LE(first().groups.size(), 65u);
    EXPECT_EQ(delivery_.counts().in_flight, 500u);
    // The oldest are still told from the youngest.
    settle(first(), "{[499,500)}");
    tick(500 * 2000);
    auto sent = send_all(500 * 2000);
    ASSERT_FALSE(sent.empty());
    EXPECT_EQ(sent.front(), 0);
    EXPECT_LT(sent.back(), 471);
    EXPECT_GT(sent.back(), 400);
}

}  // namespace
}  // namespace coupon
