// What a worker had sent, and what not, when it was killed.
#include "journal/delivery.hpp"

#include <gtest/gtest.h>

#include "journal_delivery_support.hpp"

namespace coupon {
namespace {

using namespace test;

class JournalAdoption : public JournalDelivery {
  protected:
    /// A worker that sends the first `sent` of `written` records under `epoch`, then is killed.
    void die_with(int written, int sent, uint64_t epoch) {
        ASSERT_EQ(run_child([&] {
                      Lane lane(small_options(folder_.path(), 1000), lane_.map);
                      lane.prepare();
                      lane.delivery.on_epoch(epoch);
                      for (int at = 0; at < written; ++at) {
                          append(lane.writer, std::to_string(at));
                      }
                      auto batch = lane.delivery.next_batch(static_cast<size_t>(sent), 1 << 20);
                      lane.delivery.on_sent(batch.token, 1);
                      kill(getpid(), SIGKILL);
                  }),
                  -SIGKILL);
    }

    void adopt(uint64_t now_ms) {
        for (AdoptedSegment& segment : lane_.store->adopt(100).segments) {
            delivery_.adopt(std::move(segment), now_ms);
        }
    }
};

TEST_F(JournalAdoption, OnlyTheUnsentIsSentUnderTheSameEpoch) {
    die_with(50, 30, 1);
    adopt(1000);
    EXPECT_EQ(delivery_.counts().in_flight, 30u);
    EXPECT_EQ(delivery_.counts().unsent, 20u);
    EXPECT_EQ(send_all(1000), range(30, 50));
    // What was in flight has its minute from here on.
    tick(1000 + kMinute_ms - 1, true);
    do_tasks(1000 + kMinute_ms);
    EXPECT_TRUE(send_all(1000 + kMinute_ms).empty());
    tick(1000 + kMinute_ms, true);
    do_tasks(1000 + kMinute_ms);
    EXPECT_EQ(send_all(1000 + kMinute_ms), range(0, 50));
}

TEST_F(JournalAdoption, InFlightUnderAnotherEpochIsSentAgain) {
    die_with(50, 30, 77);
    adopt(1000);
    EXPECT_EQ(send_all(1000), range(0, 50));
}

TEST_F(JournalAdoption, SettledWhileNobodyOwnedIt) {
    die_with(50, 50, 77);
    lane_.map->for_each([&](const SlotView& view) {
        if (view.records == 50) {
            lane_.map->publish_settled(view.id, view.segment, *SeqRanges::parse("{[0,45)}"));
        }
    });
    adopt(1000);
    EXPECT_EQ(send_all(1000), range(45, 50));
    delivery_.on_settled(first().id(), up_to(50));
    tick(1001);
    do_tasks(1001);
    EXPECT_TRUE(delivery_.segments().empty());
    EXPECT_EQ(list_settled(folder_.path()).size(), 1u);
}

TEST_F(JournalAdoption, EpochThatIsKnownLaterDecides) {
    Lane late(small_options(folder_.path(), 1000), lane_.map);
    die_with(50, 30, 5);
    for (AdoptedSegment& segment : late.store->adopt(100).segments) {
        late.delivery.adopt(std::move(segment), 1);
    }
    EXPECT_TRUE(late.delivery.next_batch(100, 1 << 20).records.empty());
    late.delivery.on_epoch(5);
    EXPECT_EQ(late.delivery.next_batch(100, 1 << 20).records.size(), 20u);
}

TEST_F(JournalAdoption, AdoptedComesBeforeOwn) {
    append_many(5);
    die_with(3, 1, 1);
    die_with(3, 1, 1);
    adopt(1000);
    EXPECT_EQ(delivery_.segments().size(), 3u);
    EXPECT_EQ(&last(), &delivery_.segments().back());
    EXPECT_TRUE(last().own);
    EXPECT_FALSE(last().sealed);
    append_many(2);
    EXPECT_EQ(last().records, 7u);
    EXPECT_EQ(send_all(1).size(), 2u + 2u + 7u);
}

TEST_F(JournalAdoption, CopiesOfManyAdoptedSegmentsAreNotKept) {
    for (int at = 0; at < 5; ++at) {
        die_with(10, 5, 1);
    }
    adopt(1000);
    size_t loaded = 0;
    for (const DeliverySegment& segment : delivery_.segments()) {
        loaded += segment.loaded != nullptr;
    }
    EXPECT_EQ(loaded, 2u);
    EXPECT_EQ(delivery_.take_discarded().loaded.size(), 3u);
    std::vector<int> sent;
    for (int round = 0; round < 10; ++round) {
        sent = joined(std::move(sent), send_all(1000));
        do_tasks(1000);
    }
    EXPECT_EQ(sent.size(), 25u);
}

}  // namespace
}  // namespace coupon
