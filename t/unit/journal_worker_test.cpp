#include "journal/worker_journal.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <thread>

#include "journal_support.hpp"

namespace coupon {
namespace {

using namespace test;

class JournalWorker : public ::testing::Test {
  protected:
    void SetUp() override { given_unix_ms = 1'700'000'000'000; }

    std::unique_ptr<WorkerJournal> start(JournalNews& news, size_t segments = 8) {
        std::string error;
        auto journal = WorkerJournal::start(small_options(folder_.path(), segments), map_, false, 0,
                                            news, error);
        EXPECT_TRUE(journal) << error;
        return journal;
    }

    void run_tasks(WorkerJournal& journal, uint64_t now_ms, JournalNews& news) {
        while (auto task = journal.next_task(now_ms)) {
            task->run();
            JournalNews some = journal.finish(*task, now_ms);
            news.warnings.insert(news.warnings.end(), some.warnings.begin(), some.warnings.end());
            news.adopted_segments += some.adopted_segments;
            news.unreadable_records += some.unreadable_records;
            news.prepare_failed |= some.prepare_failed;
        }
    }

    TemporaryFolder folder_;
    std::shared_ptr<SegmentMap> map_ = open_map(folder_.path());
};

TEST_F(JournalWorker, IsReadyWhenStarted) {
    JournalNews news;
    auto journal = start(news);
    EXPECT_TRUE(append(journal->writer(), "at once"));
    EXPECT_TRUE(news.warnings.empty());
    EXPECT_FALSE(journal->full());
}

TEST_F(JournalWorker, FullBudgetIsSaidOnceAndEndsWhenSomethingSettles) {
    JournalNews news;
    auto journal = start(news, 3);
    run_tasks(*journal, 0, news);
    while (append(journal->writer(), std::string(1000, 'x'))) {
    }
    for (uint64_t now = 0; now < 5000; now += 50) {
        run_tasks(*journal, now, news);
    }
    EXPECT_TRUE(journal->full());
    EXPECT_FALSE(news.prepare_failed);
    ASSERT_EQ(news.warnings.size(), 1u);
    EXPECT_NE(news.warnings[0].find("used up by unsettled segments"), std::string::npos);
    const DeliverySegment& oldest = journal->delivery().segments().front();
    journal->delivery().on_settled(oldest.id(), up_to(oldest.records));
    journal->delivery().tick({5000, 0, false, 0});
    run_tasks(*journal, 5000, news);
    run_tasks(*journal, 5300, news);
    EXPECT_TRUE(append(journal->writer(), "goes on"));
    EXPECT_EQ(news.warnings.size(), 1u);
}

TEST_F(JournalWorker, StartsWithoutASegmentWhenThereIsNoRoom) {
    JournalNews first;
    auto one = start(first, 1);
    JournalNews second;
    auto two = start(second, 1);
    EXPECT_TRUE(two->full());
    EXPECT_EQ(two->writer().reserve(1), nullptr);
    EXPECT_EQ(second.warnings.size(), 1u);
}

TEST_F(JournalWorker, TakesOverFromAWorkerThatQuit) {
    JournalNews news;
    auto old = start(news);
    append(old->writer(), "one");
    auto young = start(news);
    EXPECT_EQ(news.adopted_segments, 0u);
    old.reset();
    run_tasks(*young, 5000, news);
    EXPECT_EQ(news.adopted_segments, 1u);
    young->delivery().on_epoch(1);
    run_tasks(*young, 5000, news);
    SendBatch batch = young->delivery().next_batch(10, 1000);
    ASSERT_EQ(batch.records.size(), 1u);
    EXPECT_EQ(batch.records[0], "one");
    EXPECT_TRUE(news.warnings.empty());
}

TEST_F(JournalWorker, DamageIsNamedAndCounted) {
    run_child([&] {
        Lane lane(small_options(folder_.path()), map_);
        lane.prepare();
        for (int at = 0; at < 100; ++at) {
            append(lane.writer, "record " + std::to_string(at));
        }
        kill(getpid(), SIGKILL);
    });
    damage(live_files(folder_.path())[0].path, kSegmentHeader_bytes + 325, "??");
    JournalNews news;
    auto journal = start(news);
    EXPECT_EQ(news.unreadable_records, 1u);
    ASSERT_EQ(news.warnings.size(), 1u);
    EXPECT_NE(news.warnings[0].find("1 of 100 records"), std::string::npos) << news.warnings[0];
    EXPECT_EQ(journal->delivery().counts().unreadable, 1u);
}

TEST_F(JournalWorker, TasksMayBeDroppedUnfinished) {
    JournalNews news;
    auto journal = start(news);
    while (auto task = journal->next_task(100'000)) {
        task->run();
    }
    journal.reset();
    auto next = start(news);
    EXPECT_TRUE(append(next->writer(), "one"));
}

// Threads prepare, read back, retire and adopt while the loop appends, sends and settles.
TEST_F(JournalWorker, ThreadsWorkWhileTheLoopAppends) {
    JournalNews news;
    auto journal = start(news, 64);
    journal->delivery().on_epoch(1);
    struct Running {
        std::shared_ptr<JournalTask> task;
        std::thread thread;
        std::atomic<bool> ready = false;
    };
    std::vector<std::unique_ptr<Running>> running;
    std::set<std::string> sent;
    int appended = 0;
    uint64_t now_ms = 0;
    for (int turn = 0; turn < 200'000 && sent.size() < 30'000; ++turn) {
        ++now_ms;
        for (int at = 0; at < 100 && appended < 30'000; ++at) {
            std::string text = "number " + std::to_string(appended);
            text.resize(60, '.');
            appended += append(journal->writer(), text) ? 1 : 0;
        }
        while (std::shared_ptr<JournalTask> task = journal->next_task(now_ms)) {
            auto& next = *running.emplace_back(std::make_unique<Running>());
            next.task = task;
            next.thread = std::thread([&next] {
                next.task->run();
                next.ready.store(true, std::memory_order_release);
            });
        }
        std::erase_if(running, [&](const std::unique_ptr<Running>& one) {
            if (!one->ready.load(std::memory_order_acquire)) {
                return false;
            }
            one->thread.join();
            EXPECT_TRUE(journal->finish(*one->task, now_ms).warnings.empty());
            return true;
        });
        SendBatch batch = journal->delivery().next_batch(64, 1 << 20);
        sent.insert(batch.records.begin(), batch.records.end());
        if (batch.token != 0) {
            journal->delivery().on_sent(batch.token, now_ms);
        }
        if (turn % 40 == 0) {
            for (const DeliverySegment& segment : journal->delivery().segments()) {
                map_->publish_settled(segment.file->slot(), segment.id(), up_to(segment.next_new));
            }
            journal->delivery().tick({now_ms, 0, false, now_ms});
        }
        std::this_thread::yield();
    }
    for (auto& one : running) {
        one->thread.join();
    }
    EXPECT_EQ(sent.size(), 30'000u);
}

}  // namespace
}  // namespace coupon
