// Segments are prepared, recycled and retired inside a budget, on disks that do not always serve.
#include "journal/store.hpp"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "journal_store_support.hpp"

namespace coupon {
namespace {

using namespace test;

TEST_F(JournalStoreTest, PreparedSegmentIsAllocatedNamedAndClaimed) {
    auto map = open_map(path());
    auto store = open_store(small_options(path()), map);
    auto result = store->prepare();
    ASSERT_TRUE(result.segment) << result.error;
    auto files = live_files(path());
    ASSERT_EQ(files.size(), 1u);
    struct stat status {};
    ASSERT_EQ(stat(files[0].path.c_str(), &status), 0);
    EXPECT_EQ(static_cast<uint64_t>(status.st_size), kSmallSegment_bytes);
    EXPECT_GE(static_cast<uint64_t>(status.st_blocks) * 512, kSmallSegment_bytes);
    EXPECT_EQ(status.st_mode & 0777, 0600u);
    EXPECT_EQ(files[0].segment, result.segment->identity().id);
    EXPECT_EQ(result.segment->identity().edge, "edge-7");
    auto view = map->view(result.segment->slot());
    ASSERT_TRUE(view);
    EXPECT_EQ(view->segment, files[0].segment);
    EXPECT_EQ(view->owner, store->owner());
}

TEST_F(JournalStoreTest, BudgetIsExactAcrossWritersAndKinds) {
    auto map = open_map(path());
    auto one = open_store(small_options(path(), 3), map);
    auto two = open_store(small_options(path(), 3), map);
    auto options = small_options(path(), 1);
    options.kind = JournalKind::webhooks;
    auto hooks = open_store(options, map);
    EXPECT_TRUE(one->prepare().segment);
    EXPECT_TRUE(two->prepare().segment);
    EXPECT_TRUE(one->prepare().segment);
    auto refused = two->prepare();
    EXPECT_FALSE(refused.segment);
    EXPECT_TRUE(refused.full);
    EXPECT_EQ(refused.error, "");
    EXPECT_TRUE(hooks->prepare().segment);
    EXPECT_TRUE(hooks->prepare().full);
}

TEST_F(JournalStoreTest, PreparesExpiredThenNewThenOldestSettledThenNone) {
    auto map = open_map(path());
    auto store = open_store(small_options(path(), 3), map);
    std::string error;
    auto retire_one = [&] {
        auto result = store->prepare();
        EXPECT_TRUE(result.segment) << result.error;
        EXPECT_TRUE(
            store->retire(result.segment->identity().id, result.segment->slot(), true, error));
    };
    retire_one();
    EXPECT_EQ(settled_files(), 1u);
    auto inside_keep = store->prepare();  // within keep and inside the budget: a new file
    EXPECT_EQ(settled_files(), 1u);
    given_unix_ms += 60'001;
    auto past_keep = store->prepare();
    EXPECT_EQ(settled_files(), 0u);
    EXPECT_EQ(live_files(path()).size(), 2u);
    retire_one();
    given_unix_ms += 1;
    auto oldest = store->prepare();  // the budget is used up: the settled one, although within keep
    EXPECT_TRUE(oldest.segment);
    EXPECT_EQ(settled_files(), 0u);
    EXPECT_TRUE(store->prepare().full);
    EXPECT_TRUE(inside_keep.segment);
    EXPECT_TRUE(past_keep.segment);
}

TEST_F(JournalStoreTest, StampsOfAClockThatRanAheadExpire) {
    auto map = open_map(path());
    auto store = open_store(small_options(path()), map);
    std::string error;
    given_unix_ms += 1'000'000'000;
    auto result = store->prepare();
    ASSERT_TRUE(store->retire(result.segment->identity().id, result.segment->slot(), true, error));
    given_unix_ms -= 1'000'000'000;
    EXPECT_TRUE(store->prepare().segment);
    EXPECT_EQ(settled_files(), 0u);  // written anew
    given_unix_ms -= 30'000;         // a small step keeps
    result = store->prepare();
    ASSERT_TRUE(store->retire(result.segment->identity().id, result.segment->slot(), true, error));
    given_unix_ms -= 30'000;
    EXPECT_TRUE(store->prepare().segment);
    EXPECT_EQ(settled_files(), 1u);
}

TEST_F(JournalStoreTest, RecycledFileResurrectsNothing) {
    auto map = open_map(path());
    std::string error;
    auto store = open_store(small_options(path(), 2), map);
    Delivery delivery(*map, false);
    JournalWriter writer(*map, store->writer_slot(), delivery);
    for (int life = 0; life < 50; ++life) {
        auto result = store->prepare();
        ASSERT_TRUE(result.segment) << result.error;
        Uuid id = result.segment->identity().id;
        SlotId slot = result.segment->slot();
        EXPECT_EQ(result.segment->header().sealed.load(), kOpen);
        EXPECT_EQ(result.segment->header().load_progress().cursor, 0u);
        auto before = store->load(id, kSmallSegment_bytes, 0, error);
        ASSERT_TRUE(before);
        EXPECT_EQ(scan_records(id, before->bytes.get(), before->size, 0).records(), 0u);
        // The same record sizes in each life, fewer each time: the stale ones stand exactly behind.
        writer.give_spare(std::move(result.segment));
        for (int seq = 0; seq < 500 - life; ++seq) {
            ASSERT_TRUE(append(writer, "record of some life"));
        }
        delivery.segments().back().file->header().store_progress({7, 400});
        auto after =
            load_records(live_files(path())[0].path, id, kSmallSegment_bytes, 0, UINT32_MAX, error);
        EXPECT_EQ(after->index.records(), 500u - life);
        EXPECT_TRUE(after->index.unreadable().empty());
        writer.seal_current();
        delivery.on_settled(id, up_to(1000));
        delivery.tick({});
        ASSERT_TRUE(delivery.take_retired());
        ASSERT_TRUE(store->retire(id, slot, true, error)) << error;
        given_unix_ms += 100'000;
    }
    EXPECT_EQ(settled_files(), 1u);
}

TEST_F(JournalStoreTest, AnotherSegmentSizeReplacesSettledFiles) {
    auto map = open_map(path());
    auto store = open_store(small_options(path(), 2), map);
    std::string error;
    auto result = store->prepare();
    ASSERT_TRUE(store->retire(result.segment->identity().id, result.segment->slot(), true, error));
    auto options = small_options(path(), 2);
    options.segment_bytes *= 2;
    auto bigger = open_store(options, map);
    auto big = bigger->prepare();
    ASSERT_TRUE(big.segment) << big.error;
    EXPECT_EQ(big.segment->identity().file_bytes, 2 * kSmallSegment_bytes);
    EXPECT_EQ(settled_files(), 0u);
}

TEST_F(JournalStoreTest, SmallerBudgetRemovesWhatIsRetired) {
    auto map = open_map(path());
    std::string error;
    auto store = open_store(small_options(path(), 4), map);
    std::vector<PrepareResult> results;
    for (int at = 0; at < 4; ++at) {
        results.push_back(store->prepare());
    }
    auto smaller = open_store(small_options(path(), 3), map);
    EXPECT_TRUE(smaller->prepare().full);
    ASSERT_TRUE(
        store->retire(results[0].segment->identity().id, results[0].segment->slot(), true, error));
    EXPECT_EQ(settled_files(), 1u);  // its own budget allows it
    EXPECT_EQ(live_files(path()).size(), 3u);
    auto tiny = open_store(small_options(path(), 1), map);
    EXPECT_TRUE(tiny->adopt(10).segments.empty());
    EXPECT_TRUE(tiny->prepare().segment);  // the settled one
}

TEST_F(JournalStoreTest, SurplusOfADrainedBacklogIsRemoved) {
    auto map = open_map(path());
    std::string error;
    auto store = open_store(small_options(path(), 64), map);
    std::vector<PrepareResult> results;
    for (int at = 0; at < 40; ++at) {
        results.push_back(store->prepare());
    }
    for (auto& result : results) {
        ASSERT_TRUE(
            store->retire(result.segment->identity().id, result.segment->slot(), true, error));
    }
    EXPECT_EQ(settled_files(), 40u);
    given_unix_ms += 60'001;
    auto one = store->prepare();
    ASSERT_TRUE(store->retire(one.segment->identity().id, one.segment->slot(), true, error));
    EXPECT_EQ(settled_files(), 17u);  // 16 to be written anew, one within keep
}

TEST_F(JournalStoreTest, RetiringTwiceOrWithoutFileIsFine) {
    auto map = open_map(path());
    std::string error;
    auto store = open_store(small_options(path()), map);
    auto result = store->prepare();
    Uuid id = result.segment->identity().id;
    std::filesystem::remove(live_files(path())[0].path);
    EXPECT_TRUE(store->retire(id, result.segment->slot(), true, error)) << error;
    EXPECT_TRUE(store->retire(id, result.segment->slot(), true, error)) << error;
    EXPECT_TRUE(map->view(result.segment->slot())->done);
}

// A small file system of its own, where that is allowed.
TEST_F(JournalStoreTest, FullDiskIsASentenceAndNoSignal) {
    int result = run_child([&] {
        if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) {
            _exit(77);
        }
        if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
            mount("tmpfs", path().c_str(), "tmpfs", 0, "size=4608k,mode=700") != 0) {
            _exit(77);
        }
        auto map = open_map(path());  // 4 MiB and a page
        Lane lane(small_options(path(), 1000), map);
        size_t prepared = 0;
        PrepareResult last;
        while ((last = lane.store->prepare()).segment) {
            ++prepared;
            lane.writer.give_spare(std::move(last.segment));
        }
        bool good = prepared > 0 && prepared < 20 && !last.full &&
                    last.error.find("No space left") != std::string::npos;
        // Every byte of what was prepared can be written to.
        size_t written = 0;
        while (append(lane.writer, std::string(1000, 'x'))) {
            ++written;
        }
        good = good && written >= prepared * 55;
        // Nothing half made is left, and the disk holds settled ones for the next.
        good = good && live_files(path()).size() == prepared;
        lane.delivery.on_settled(live_files(path())[0].segment, up_to(100000));
        lane.delivery.tick({});
        std::string error;
        auto retired = lane.delivery.take_retired();
        good = good && retired &&
               lane.store->retire(retired->identity().id, retired->slot(), true, error) &&
               lane.store->prepare().segment;
        _exit(good ? 0 : 1);
    });
    if (result == 77) {
        GTEST_SKIP() << "no right to mount a small file system";
    }
    EXPECT_EQ(result, 0);
}

TEST_F(JournalStoreTest, FileSizeLimitIsASentence) {
    EXPECT_EQ(run_child([&] {
                  auto map = open_map(path());
                  auto store = open_store(small_options(path()), map);
                  signal(SIGXFSZ, SIG_IGN);
                  rlimit limit{kSmallSegment_bytes / 2, kSmallSegment_bytes / 2};
                  setrlimit(RLIMIT_FSIZE, &limit);
                  auto result = store->prepare();
                  bool good = !result.segment && !result.full &&
                              result.error.find("File too large") != std::string::npos;
                  _exit(good && live_files(path()).empty() ? 0 : 1);
              }),
              0);
}

TEST_F(JournalStoreTest, UnwritableFolderIsASentence) {
    auto map = open_map(path());
    std::string error;
    auto options = small_options(path() + "/none");
    EXPECT_FALSE(JournalStore::open(options, map, error));
    EXPECT_NE(error.find("No such file"), std::string::npos) << error;
}

TEST_F(JournalStoreTest, DurableSegmentsArePreparedToo) {
    auto options = small_options(path());
    options.durable = true;
    auto map = open_map(path());
    auto store = open_store(options, map);
    auto result = store->prepare();
    EXPECT_TRUE(result.segment) << result.error;
}

}  // namespace
}  // namespace coupon
