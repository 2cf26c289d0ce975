// Sending, settling, losing and dying in any order.
#include "journal/delivery.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "journal_delivery_support.hpp"

namespace coupon {
namespace {

using namespace test;

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
