// What is settled or cannot be read any more, and the files that it stood in.
#include "journal/delivery.hpp"

#include <gtest/gtest.h>

#include "journal_delivery_support.hpp"

namespace coupon {
namespace {

using namespace test;

TEST_F(JournalDelivery, SettledAndSealedSegmentIsRetired) {
    append_many(10);
    Uuid id = first().id();
    send_all(1);
    settle(first(), "{[0,10)}");
    tick(2);
    EXPECT_FALSE(delivery_.take_retired());  // still written to
    lane_.writer.seal_current();
    tick(3);
    auto retired = delivery_.take_retired();
    ASSERT_TRUE(retired);
    EXPECT_EQ(retired->identity().id, id);
    EXPECT_TRUE(delivery_.segments().empty());
    EXPECT_FALSE(delivery_.take_retired());
}

TEST_F(JournalDelivery, SegmentWithAnUnansweredBatchIsNotRetired) {
    append_many(10);
    lane_.writer.seal_current();
    SendBatch batch = delivery_.next_batch(10, 1 << 20);
    settle(first(), "{[0,10)}");  // another copy of them
    tick(1);
    EXPECT_FALSE(delivery_.take_retired());
    delivery_.on_not_sent(batch.token);
    tick(2);
    EXPECT_TRUE(delivery_.take_retired());
}

TEST_F(JournalDelivery, SettledRecordsAreNotHandedOut) {
    append_many(20);
    settle(first(), "{[5,15)}");
    tick(1);
    EXPECT_EQ(send_all(2), joined(range(0, 5), range(15, 20)));
    EXPECT_EQ(first().file->header().load_progress().cursor, 20u);
}

TEST_F(JournalDelivery, AgeOfTheOldestUnsettledRecord) {
    tick(1000);
    append_many(10);
    tick(2000);
    append_many(10);
    for (uint64_t now = 3000; now <= 60'000; now += 1000) {
        tick(now);
    }
    uint64_t age = delivery_.counts().oldest_unsettled_ms;
    EXPECT_GE(age, 58'000u);
    EXPECT_LE(age, 60'000u);
    settle(first(), "{[0,10)}");
    tick(61'000);
    age = delivery_.counts().oldest_unsettled_ms;
    EXPECT_GE(age, 58'000u);
    EXPECT_LE(age, 60'000u);
    settle(first(), "{[0,20)}");
    tick(62'000);
    EXPECT_EQ(delivery_.counts().oldest_unsettled_ms, 0u);
    append_many(1);
    tick(90'000);
    EXPECT_LE(delivery_.counts().oldest_unsettled_ms, 28'000u);
    EXPECT_LE(first().marks.size(), 3u);
}

TEST_F(JournalDelivery, WaitingSegmentsAreUnmappedAndReadBack) {
    append_many(20000, 100);  // more than 30 segments
    ASSERT_GT(delivery_.segments().size(), 30u);
    tick(1);
    Discarded discarded = delivery_.take_discarded();
    EXPECT_GT(discarded.bodies.size(), 20u);
    discarded = {};
    std::vector<int> sent;
    for (int round = 0; round < 1000 && sent.size() < 20000; ++round) {
        sent = joined(std::move(sent), send_all(2));
        do_tasks(2);
        size_t loaded = 0;
        for (const DeliverySegment& segment : delivery_.segments()) {
            loaded += segment.loaded != nullptr;
        }
        EXPECT_LE(loaded, 2u);
    }
    std::sort(sent.begin(), sent.end());
    EXPECT_EQ(sent, range(0, 20000));
    // And all of it again, in another epoch.
    tick(3);
    do_tasks(3);
    delivery_.on_epoch(2);
    std::vector<int> again;
    for (int round = 0; round < 1000 && again.size() < 20000; ++round) {
        again = joined(std::move(again), send_all(4));
        do_tasks(4);
    }
    std::sort(again.begin(), again.end());
    EXPECT_EQ(again, range(0, 20000));
}

TEST_F(JournalDelivery, FailedLoadIsTriedAgainLater) {
    append_many(20000, 100);
    tick(1);
    delivery_.take_discarded();
    send_all(1);
    auto request = delivery_.take_load(1);
    ASSERT_TRUE(request);
    auto another = delivery_.take_load(1);
    ASSERT_TRUE(another);
    EXPECT_FALSE(delivery_.take_load(1));  // two at a time
    delivery_.finish_load(request->segment, nullptr, 1);
    auto next = delivery_.take_load(2);
    ASSERT_TRUE(next);
    EXPECT_NE(next->segment, request->segment);
    delivery_.finish_load(another->segment, nullptr, 2);
    delivery_.finish_load(next->segment, nullptr, 2);
    EXPECT_EQ(delivery_.take_load(6000)->segment, request->segment);
}

TEST_F(JournalDelivery, UnreadableRecordsAreNamedAndHoldNothing) {
    append_many(20000, 100);
    Uuid id = delivery_.segments().rbegin()->id();
    for (const DeliverySegment& segment : delivery_.segments()) {
        if (segment.sealed) {
            id = segment.id();
        }
    }
    tick(1);  // the last sealed one is unmapped
    delivery_.take_discarded();
    damage(folder_.path() + "/writers/" + to_string(lane_.store->owner()) + "/" +
               segment_name(JournalKind::clicks, id),
           kSegmentHeader_bytes + 1000, std::string(500, '#'));
    size_t sent = 0;
    for (int round = 0; round < 1000; ++round) {
        sent += send_all(2).size();
        do_tasks(2);
    }
    uint64_t lost = delivery_.counts().unreadable;
    EXPECT_GE(lost, 4u);
    EXPECT_LE(lost, 7u);
    EXPECT_EQ(sent, 20000 - lost);
    for (const DeliverySegment& segment : delivery_.segments()) {
        SeqRanges settled;
        for (const SeqRange& gap : segment.done.gaps(0, segment.records)) {
            settled.add(gap.begin, gap.end);
        }
        delivery_.on_settled(segment.id(), settled);
    }
    tick(3);
    EXPECT_EQ(delivery_.segments().size(), 1u);  // what is written to
}

TEST_F(JournalDelivery, VanishedFileIsAllUnreadable) {
    append_many(20000, 100);
    tick(1);
    delivery_.take_discarded();
    for (const SegmentName& name : live_files(folder_.path())) {
        std::filesystem::remove(name.path);
    }
    for (int round = 0; round < 200; ++round) {
        send_all(2);
        do_tasks(2);
    }
    DeliveryCounts counts = delivery_.counts();
    EXPECT_GT(counts.unreadable, 10000u);
    EXPECT_EQ(counts.unsent, 0u);
}

}  // namespace
}  // namespace coupon
