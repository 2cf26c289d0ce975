#include "journal/delivery.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "journal/random_uuid.hpp"
#include "journal_support.hpp"

namespace coupon {
namespace {

using namespace test;

constexpr uint64_t kMinute_ms = 60'000;

class JournalDelivery : public ::testing::Test {
  protected:
    void SetUp() override {
        given_unix_ms = 1'700'000'000'000;
        lane_.prepare();
        delivery_.on_epoch(1);
    }

    void append_many(int count, size_t size = 20) {
        for (int at = 0; at < count; ++at) {
            std::string text = std::to_string(next_++);
            text.resize(std::max(size, text.size()), '.');
            while (!append(lane_.writer, text)) {
                lane_.prepare();
            }
        }
    }

    /// Sends everything that is due, one batch after the other; what was sent, by number.
    std::vector<int> send_all(uint64_t now_ms, size_t records_max = 1000) {
        std::vector<int> sent;
        while (true) {
            SendBatch batch = delivery_.next_batch(records_max, 1 << 20);
            if (batch.records.empty()) {
                return sent;
            }
            for (std::string_view record : batch.records) {
                sent.push_back(std::atoi(std::string(record).c_str()));
            }
            delivery_.on_sent(batch.token, now_ms);
        }
    }

    void settle(const DeliverySegment& segment, const char* ranges) {
        lane_.map->publish_settled(segment.file->slot(), segment.id(), *SeqRanges::parse(ranges));
    }

    /// The leader has just read all settlements.
    void tick(uint64_t now_ms, bool queue_empty = false) {
        delivery_.tick({now_ms, given_unix_ms, queue_empty, now_ms});
    }

    DeliverySegment& first() { return delivery_.segments().front(); }
    DeliverySegment& last() { return delivery_.segments().back(); }

    /// Does the work of threads.
    void do_tasks(uint64_t now_ms) {
        std::string error;
        while (auto request = delivery_.take_load(now_ms)) {
            delivery_.finish_load(
                request->segment,
                lane_.store->load(request->segment, request->file_bytes, request->records, error),
                now_ms);
        }
        while (auto retired = delivery_.take_retired()) {
            EXPECT_TRUE(lane_.store->retire(retired->identity().id, retired->slot(), true, error));
        }
        delivery_.take_discarded();
    }

    TemporaryFolder folder_;
    Lane lane_{small_options(folder_.path(), 1000)};
    Delivery& delivery_ = lane_.delivery;
    int next_ = 0;
};

std::vector<int> range(int begin, int end) {
    std::vector<int> numbers;
    for (int at = begin; at < end; ++at) {
        numbers.push_back(at);
    }
    return numbers;
}

std::vector<int> joined(std::vector<int> left, const std::vector<int>& right) {
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

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

// --- adoption --------------------------------------------------------------------------------

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

// Everything at random against a model: each record is sent at least once in the last epoch or was
// settled, nothing settled is sent, and in the end all is retired.
TEST_F(JournalDelivery, RandomHistoryLosesNothing) {
    std::mt19937 random(11);
    std::map<Uuid, SeqRanges> settled;
    std::vector<uint64_t> unanswered;
    uint64_t now = 1000;
    uint64_t epoch = 1;
    for (int step = 0; step < 20000; ++step) {
        now += random() % 200;
        switch (random() % 8) {
            case 0:
            case 1:
                append_many(static_cast<int>(random() % 50), 30);
                break;
            case 2:
            case 3: {
                SendBatch batch = delivery_.next_batch(1 + random() % 64, 4096);
                if (!batch.records.empty()) {
                    unanswered.push_back(batch.token);
                }
                break;
            }
            case 4:
                if (!unanswered.empty()) {
                    size_t at = random() % unanswered.size();
                    if (random() % 4 != 0) {
                        delivery_.on_sent(unanswered[at], now);
                    } else {
                        delivery_.on_not_sent(unanswered[at]);
                    }
                    unanswered.erase(unanswered.begin() + static_cast<long>(at));
                }
                break;
            case 5:
                for (DeliverySegment& segment : delivery_.segments()) {
                    SeqRanges& known = settled[segment.id()];
                    uint64_t begin = random() % (segment.records + 1);
                    known.add(begin, begin + random() % (segment.records - begin + 1));
                    lane_.map->publish_settled(segment.file->slot(), segment.id(), known);
                    break;
                }
                break;
            case 6:
                tick(now, random() % 2 == 0);
                break;
            case 7:
                do_tasks(now);
                if (random() % 50 == 0) {
                    delivery_.on_epoch(++epoch);
                }
                break;
        }
        for (const DeliverySegment& segment : delivery_.segments()) {
            SendProgress progress = segment.file->header().load_progress();
            ASSERT_LE(progress.cursor, segment.next_new);
        }
    }
    for (uint64_t token : unanswered) {
        delivery_.on_not_sent(token);
    }
    lane_.writer.seal_current();
    for (int round = 0; round < 100 && !delivery_.segments().empty(); ++round) {
        send_all(now);
        do_tasks(now);
        EXPECT_LE(delivery_.counts().in_flight, 1'000'000u);
        for (DeliverySegment& segment : delivery_.segments()) {
            // PostgreSQL settles what was sent in this epoch and no more.
            SeqRanges sent;
            if (segment.epoch == static_cast<uint32_t>(epoch)) {
                for (const SendGroup& group : segment.groups) {
                    sent.add(group.begin, group.end);
                }
            }
            delivery_.on_settled(segment.id(), sent);
        }
        now += kMinute_ms;
        tick(now, true);
    }
    EXPECT_TRUE(delivery_.segments().empty());
}

}  // namespace
}  // namespace coupon
