#include "journal/store.hpp"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <fstream>
#include <set>

#include "core/crc32c.hpp"
#include "journal/random_uuid.hpp"
#include "journal_support.hpp"

namespace coupon {
namespace {

using namespace test;

class JournalStoreTest : public ::testing::Test {
  protected:
    void SetUp() override { given_unix_ms = 1'700'000'000'000; }

    const std::string& path() const { return folder_.path(); }

    /// A process that writes `texts`, then is killed.
    void write_and_die(const std::vector<std::string>& texts, size_t budget_segments = 8) {
        ASSERT_EQ(run_child([&] {
                      Lane lane(small_options(path(), budget_segments));
                      lane.prepare();
                      for (const std::string& text : texts) {
                          while (!append(lane.writer, text)) {
                              lane.prepare();
                          }
                      }
                      kill(getpid(), SIGKILL);
                  }),
                  -SIGKILL);
    }

    std::vector<std::string> payloads(const JournalStore& store, const AdoptedSegment& adopted) {
        std::string error;
        const SegmentIdentity& identity = adopted.file->identity();
        auto loaded = store.load(identity.id, identity.file_bytes, adopted.records, error);
        EXPECT_TRUE(loaded) << error;
        std::vector<std::string> found;
        for (uint32_t seq = 0; loaded && seq < loaded->index.records(); ++seq) {
            found.emplace_back(loaded->readable(seq) ? loaded->payload(seq) : "?");
        }
        return found;
    }

    uint64_t settled_files() const { return list_settled(path()).size(); }

    TemporaryFolder folder_;
};

std::vector<std::string> numbered(int count, size_t size = 20) {
    std::vector<std::string> texts;
    for (int at = 0; at < count; ++at) {
        texts.push_back(std::to_string(at) + std::string(size, '.'));
    }
    return texts;
}

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

TEST_F(JournalStoreTest, LivingWriterKeepsItsSegments) {
    auto map = open_map(path());
    Lane lane(small_options(path()), map);
    lane.prepare();
    append(lane.writer, "mine");
    auto other = open_store(small_options(path()), map);
    auto adopted = other->adopt(100);
    EXPECT_TRUE(adopted.segments.empty());
    EXPECT_TRUE(adopted.warnings.empty());
    EXPECT_EQ(live_files(path()).size(), 1u);
    size_t live = 0;
    map->for_each([&](const SlotView& view) { live += !view.done; });
    EXPECT_EQ(live, 3u);
}

TEST_F(JournalStoreTest, KilledWritersRecordsAreAdoptedWholeAndSealed) {
    auto texts = numbered(700, 200);  // more than two segments
    write_and_die(texts);
    auto map = open_map(path());
    auto store = open_store(small_options(path()), map);
    auto adopted = store->adopt(100);
    EXPECT_EQ(adopted.error, "");
    EXPECT_TRUE(adopted.warnings.empty());
    ASSERT_EQ(adopted.segments.size(), 3u);
    std::multiset<std::string> found;
    for (const AdoptedSegment& segment : adopted.segments) {
        EXPECT_EQ(segment.file->header().sealed.load(), segment.records);
        auto view = map->view(segment.file->slot());
        EXPECT_EQ(view->counts.sealed, segment.records);
        EXPECT_EQ(view->owner, store->owner());
        for (const std::string& text : payloads(*store, segment)) {
            found.insert(text);
        }
    }
    EXPECT_EQ(found, std::multiset<std::string>(texts.begin(), texts.end()));
    EXPECT_EQ(list_owners(path()).size(), 1u);  // the dead writer's folder is gone
    EXPECT_TRUE(store->adopt(100).segments.empty());
}

TEST_F(JournalStoreTest, AdoptionIsBoundedAndGoesOn) {
    write_and_die(numbered(700, 200));
    auto map = open_map(path());
    auto store = open_store(small_options(path()), map);
    auto first = store->adopt(1);
    EXPECT_EQ(first.segments.size(), 1u);
    EXPECT_TRUE(first.more);
    auto rest = store->adopt(10);
    EXPECT_EQ(rest.segments.size(), 2u);
    EXPECT_FALSE(rest.more);
}

TEST_F(JournalStoreTest, UnusedSparesOfTheDeadAreTheFirstToBeWrittenAnew) {
    EXPECT_EQ(run_child([&] {
                  Lane lane(small_options(path(), 3));
                  lane.prepare();
                  lane.prepare();
                  append(lane.writer, "one");
                  lane.prepare();
                  kill(getpid(), SIGKILL);
              }),
              -SIGKILL);
    auto map = open_map(path());
    auto store = open_store(small_options(path(), 3), map);
    EXPECT_TRUE(store->prepare().full);
    EXPECT_EQ(store->adopt(100).segments.size(), 1u);
    EXPECT_EQ(settled_files(), 2u);
    EXPECT_TRUE(store->prepare().segment);
    EXPECT_TRUE(store->prepare().segment);
    EXPECT_TRUE(store->prepare().full);
}

TEST_F(JournalStoreTest, SlotsOfTheDeadKeepTheirCountsUntilPersisted) {
    SlotId record_slot;
    auto map = open_map(path());
    EXPECT_EQ(run_child([&] {
                  Lane lane(small_options(path()));
                  lane.prepare();
                  char* room = lane.writer.reserve(10);
                  std::memcpy(room, "0123456789", 10);
                  lane.writer.count_served(lane.writer.commit(10));
                  lane.writer.count_unjournaled();
                  kill(getpid(), SIGKILL);
              }),
              -SIGKILL);
    std::filesystem::remove(live_files(path())[0].path);  // a planted deletion
    auto store = open_store(small_options(path()), map);
    EXPECT_TRUE(store->adopt(100).segments.empty());
    std::vector<SlotView> done;
    map->for_each([&](const SlotView& view) {
        if (view.done) {
            done.push_back(view);
        }
    });
    ASSERT_EQ(done.size(), 2u);  // the segment's, and the writer's own
    uint64_t served = 0;
    uint64_t unjournaled = 0;
    for (const SlotView& view : done) {
        EXPECT_TRUE(view.needs_row());
        served += view.counts.served;
        unjournaled += view.counts.unjournaled;
        map->mark_persisted(view.id, view.counts);
    }
    EXPECT_EQ(served, 1u);
    EXPECT_EQ(unjournaled, 1u);
    store->adopt(100);
    size_t left = 0;
    map->for_each([&](const SlotView&) { ++left; });
    EXPECT_EQ(left, 1u);
}

TEST_F(JournalStoreTest, LostMapIsMadeAnewFromTheFiles) {
    write_and_die(numbered(10));
    std::filesystem::remove(path() + "/segments.map");
    auto map = open_map(path());
    auto store = open_store(small_options(path()), map);
    auto adopted = store->adopt(100);
    ASSERT_EQ(adopted.segments.size(), 1u);
    EXPECT_EQ(adopted.segments[0].records, 10u);
    EXPECT_EQ(map->view(adopted.segments[0].file->slot())->records, 10u);
}

TEST_F(JournalStoreTest, DamagedHeaderIsRebuiltFromTheName) {
    write_and_die(numbered(10));
    damage(live_files(path())[0].path, 20, "XXXX");
    auto map = open_map(path());
    auto store = open_store(small_options(path()), map);
    auto adopted = store->adopt(100);
    ASSERT_EQ(adopted.segments.size(), 1u);
    ASSERT_EQ(adopted.warnings.size(), 1u);
    EXPECT_NE(adopted.warnings[0].find("damaged header"), std::string::npos);
    EXPECT_EQ(payloads(*store, adopted.segments[0]), numbered(10));
    EXPECT_EQ(adopted.segments[0].file->header().load_progress().cursor, 0u);
}

TEST_F(JournalStoreTest, SegmentOfAnotherVersionIsLeftAlone) {
    write_and_die(numbered(10));
    std::string file = live_files(path())[0].path;
    {
        auto failure = SegmentFile::OpenFailure::system;
        std::string error;
        auto opened = SegmentFile::open(file, failure, error);
        SegmentHeader& header = opened->header();
        header.version = kSegmentVersion + 1;
        header.crc = crc32c(0, &header, offsetof(SegmentHeader, crc));
    }
    auto map = open_map(path());
    auto store = open_store(small_options(path()), map);
    auto adopted = store->adopt(100);
    EXPECT_TRUE(adopted.segments.empty());
    ASSERT_EQ(adopted.warnings.size(), 1u);
    EXPECT_TRUE(std::filesystem::exists(file));
}

TEST_F(JournalStoreTest, DamagedRecordsAreCountedAndTheRestIsThere) {
    write_and_die(numbered(100));
    damage(live_files(path())[0].path, kSegmentHeader_bytes + 1000, std::string(300, '!'));
    auto map = open_map(path());
    auto store = open_store(small_options(path()), map);
    auto adopted = store->adopt(100);
    ASSERT_EQ(adopted.segments.size(), 1u);
    EXPECT_EQ(adopted.segments[0].records, 100u);
    EXPECT_EQ(adopted.warnings.size(), 1u);
    auto found = payloads(*store, adopted.segments[0]);
    size_t lost = static_cast<size_t>(std::count(found.begin(), found.end(), "?"));
    EXPECT_GT(lost, 5u);
    EXPECT_LT(lost, 15u);
    auto expected = numbered(100);
    for (size_t seq = 0; seq < found.size(); ++seq) {
        EXPECT_TRUE(found[seq] == "?" || found[seq] == expected[seq]);
    }
}

TEST_F(JournalStoreTest, TruncatedFileYieldsItsPrefixAndNamesTheRest) {
    write_and_die(numbered(1000));
    std::string file = live_files(path())[0].path;
    ASSERT_EQ(truncate(file.c_str(), kSegmentHeader_bytes + 5000), 0);
    auto map = open_map(path());
    auto store = open_store(small_options(path()), map);
    auto adopted = store->adopt(100);
    ASSERT_EQ(adopted.segments.size(), 1u);
    EXPECT_EQ(adopted.segments[0].records, 1000u);  // segments.map knows
    EXPECT_EQ(adopted.warnings.size(), 1u);
    auto lost = adopted.segments[0].loaded->index.unreadable();
    ASSERT_EQ(lost.ranges().size(), 1u);
    EXPECT_EQ(lost.ranges()[0].end, 1000u);
    EXPECT_GT(lost.ranges()[0].begin, 100u);
    // The short file is settled, then whole again when it is written anew.
    std::string error;
    ASSERT_TRUE(store->retire(adopted.segments[0].file->identity().id,
                              adopted.segments[0].file->slot(), true, error));
    given_unix_ms += 60'001;
    auto next = store->prepare();
    ASSERT_TRUE(next.segment) << next.error;
    EXPECT_EQ(std::filesystem::file_size(live_files(path())[0].path), kSmallSegment_bytes);
}

TEST_F(JournalStoreTest, FileWithoutARoomForAHeaderIsRemovedAndNamed) {
    write_and_die(numbered(5));
    ASSERT_EQ(truncate(live_files(path())[0].path.c_str(), 100), 0);
    auto map = open_map(path());
    auto store = open_store(small_options(path()), map);
    auto adopted = store->adopt(100);
    EXPECT_TRUE(adopted.segments.empty());
    EXPECT_EQ(adopted.warnings.size(), 2u);
    EXPECT_TRUE(live_files(path()).empty());
    uint64_t sealed = 0;
    map->for_each([&](const SlotView& view) {
        sealed = view.done && !view.writer_only ? view.counts.sealed : sealed;
    });
    EXPECT_EQ(sealed, 5u);  // known to be missing
}

// What a header or the map says decides how much memory is taken, so it is checked against the file.
TEST_F(JournalStoreTest, ForgedHeaderClaimsNoMoreThanTheFileHolds) {
    write_and_die(numbered(5));
    auto name = live_files(path())[0];
    SegmentIdentity forged{name.segment, name.kind, uint64_t{1} << 50, 1, "edge-7"};
    std::string error;
    ASSERT_TRUE(SegmentFile::write_header(name.path, forged, error)) << error;
    auto failure = SegmentFile::OpenFailure::system;
    auto file = SegmentFile::open(name.path, failure, error);
    ASSERT_TRUE(file) << error;
    file->header().sealed.store(100'000'000);
    auto map = open_map(path());
    auto store = open_store(small_options(path()), map);
    auto adopted = store->adopt(100);
    ASSERT_EQ(adopted.segments.size(), 1u);
    EXPECT_EQ(adopted.segments[0].records, 5u);
    EXPECT_EQ(adopted.segments[0].file->identity().file_bytes, kSmallSegment_bytes);
    EXPECT_EQ(payloads(*store, adopted.segments[0]), numbered(5));
}

TEST_F(JournalStoreTest, ForgedMapClaimsNoMoreThanASegmentHolds) {
    write_and_die(numbered(5));
    auto map = open_map(path());
    map->records(*map->find(live_files(path())[0].segment)).store(100'000'000);
    auto store = open_store(small_options(path()), map);
    auto adopted = store->adopt(100);
    ASSERT_EQ(adopted.segments.size(), 1u);
    EXPECT_EQ(adopted.segments[0].records, records_max(kSmallSegment_bytes));
}

// Opening a FIFO waits for its other end: the alarm ends a test that does.
TEST_F(JournalStoreTest, FifosAndLinksAreErrorsAndNoWait) {
    write_and_die(numbered(5));
    auto name = live_files(path())[0];
    std::string lock = std::filesystem::path(name.path).parent_path() / "lock";
    std::filesystem::remove(lock);
    ASSERT_EQ(mkfifo(lock.c_str(), 0600), 0);
    std::string pipe = path() + "/pipe";
    ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
    std::string link = path() + "/link";
    std::filesystem::create_symlink(name.path, link);
    alarm(20);
    auto store = open_store(small_options(path()), open_map(path()));
    auto adopted = store->adopt(100);
    EXPECT_TRUE(adopted.segments.empty());
    ASSERT_EQ(adopted.warnings.size(), 1u);
    EXPECT_NE(adopted.warnings[0].find("not a regular file"), std::string::npos);
    for (const std::string& other : {pipe, link}) {
        std::string error;
        auto failure = SegmentFile::OpenFailure::damaged;
        EXPECT_FALSE(SegmentFile::open(other, failure, error));
        EXPECT_EQ(failure, SegmentFile::OpenFailure::system);
        EXPECT_NE(error, "");
        EXPECT_FALSE(load_records(other, name.segment, 1 << 20, 5, 5, error));
        EXPECT_NE(error, "");
        EXPECT_FALSE(FileLock::try_take(other, FileLock::Mode::shared, false, error));
        EXPECT_NE(error, "");
    }
    alarm(0);
}

TEST_F(JournalStoreTest, StrangeFilesAreLeftAlone) {
    write_and_die(numbered(5));
    std::string folder = std::filesystem::path(live_files(path())[0].path).parent_path();
    std::ofstream(folder + "/notes.txt") << "mine";
    std::ofstream(folder + "/clicks-nonsense.seg") << "mine";
    std::filesystem::create_directory(path() + "/writers/not-a-uuid");
    auto map = open_map(path());
    auto store = open_store(small_options(path()), map);
    EXPECT_EQ(store->adopt(100).segments.size(), 1u);
    EXPECT_TRUE(std::filesystem::exists(folder + "/notes.txt"));
    EXPECT_TRUE(store->adopt(100).warnings.empty());
}

TEST_F(JournalStoreTest, UnfinishedFilesOfTheDeadAreRemoved) {
    write_and_die(numbered(5));
    std::string folder = std::filesystem::path(live_files(path())[0].path).parent_path();
    std::ofstream(folder + "/clicks-" + to_string(random_uuid()) + ".new") << "half";
    auto map = open_map(path());
    auto store = open_store(small_options(path()), map);
    EXPECT_EQ(store->adopt(100).segments.size(), 1u);
    EXPECT_FALSE(std::filesystem::exists(folder));
}

TEST_F(JournalStoreTest, ProgressSurvivesAdoption) {
    EXPECT_EQ(run_child([&] {
                  Lane lane(small_options(path()));
                  lane.prepare();
                  for (int at = 0; at < 50; ++at) {
                      append(lane.writer, "x");
                  }
                  lane.delivery.on_epoch(99);
                  auto batch = lane.delivery.next_batch(30, 1 << 20);
                  lane.delivery.on_sent(batch.token, 1);
                  lane.delivery.next_batch(10, 1 << 20);  // no answer
                  kill(getpid(), SIGKILL);
              }),
              -SIGKILL);
    auto map = open_map(path());
    auto store = open_store(small_options(path()), map);
    auto adopted = store->adopt(100);
    ASSERT_EQ(adopted.segments.size(), 1u);
    auto progress = adopted.segments[0].file->header().load_progress();
    EXPECT_EQ(progress.cursor, 30u);
    EXPECT_EQ(progress.epoch, 99u);
}

// Several processes adopt at once what several left: each segment goes to exactly one.
TEST_F(JournalStoreTest, AdoptersRaceWithoutLosingOrDoubling) {
    for (int round = 0; round < 5; ++round) {
        TemporaryFolder folder;
        for (int writer = 0; writer < 3; ++writer) {
            run_child([&] {
                Lane lane(small_options(folder.path(), 100));
                for (int segment = 0; segment < 4; ++segment) {
                    lane.prepare();
                    append(lane.writer, "w" + std::to_string(writer) + std::to_string(segment));
                    lane.writer.seal_current();
                }
                kill(getpid(), SIGKILL);
            });
        }
        int results[2];
        ASSERT_EQ(pipe(results), 0);
        std::vector<pid_t> children;
        for (int adopter = 0; adopter < 4; ++adopter) {
            children.push_back(start_child([&] {
                auto map = open_map(folder.path());
                auto store = open_store(small_options(folder.path(), 100), map);
                for (int call = 0; call < 12; ++call) {
                    for (const AdoptedSegment& segment : store->adopt(2).segments) {
                        for (const std::string& text : payloads(*store, segment)) {
                            EXPECT_EQ(write(results[1], text.data(), 3), 3);
                        }
                    }
                }
                EXPECT_EQ(write(results[1], "end", 3), 3);
                pause();  // alive, so that nobody adopts from it
            }));
        }
        std::multiset<std::string> seen;
        while (seen.count("end") < children.size()) {
            char text[3];
            ASSERT_EQ(read(results[0], text, 3), 3);
            seen.insert(std::string(text, 3));
        }
        for (pid_t child : children) {
            kill(child, SIGKILL);
            wait_for(child);
        }
        seen.erase("end");
        EXPECT_EQ(seen.size(), 12u);
        EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), 12u);
        close(results[0]);
        close(results[1]);
    }
}

// Adopters that are killed in the middle leave nothing behind that the last one does not find.
TEST_F(JournalStoreTest, AdoptersKilledInTheMiddleLoseNothing) {
    std::set<std::string> expected;
    for (int writer = 0; writer < 4; ++writer) {
        run_child([&] {
            Lane lane(small_options(path(), 100));
            for (int segment = 0; segment < 6; ++segment) {
                lane.prepare();
                append(lane.writer, "w" + std::to_string(writer) + std::to_string(segment));
                if (segment < 5) {
                    lane.writer.seal_current();
                }
            }
            kill(getpid(), SIGKILL);
        });
        for (int segment = 0; segment < 6; ++segment) {
            expected.insert("w" + std::to_string(writer) + std::to_string(segment));
        }
    }
    for (int round = 0; round < 200; ++round) {
        pid_t child = start_child([&] {
            auto map = open_map(path());
            auto store = open_store(small_options(path(), 100), map);
            while (true) {
                store->adopt(1);
            }
        });
        usleep(static_cast<useconds_t>(rand() % 6000));
        kill(child, SIGKILL);
        wait_for(child);
    }
    auto map = open_map(path());
    auto store = open_store(small_options(path(), 100), map);
    auto adopted = store->adopt(1000);
    EXPECT_TRUE(adopted.warnings.empty());
    std::multiset<std::string> found;
    for (const AdoptedSegment& segment : adopted.segments) {
        for (const std::string& text : payloads(*store, segment)) {
            found.insert(text);
        }
    }
    EXPECT_EQ(found, std::multiset<std::string>(expected.begin(), expected.end()));
    EXPECT_EQ(list_owners(path()).size(), 1u);
    size_t live = 0;
    map->for_each([&](const SlotView& view) { live += !view.done; });
    EXPECT_EQ(live, 25u);  // 24 segments and this writer; killed adopters left no slot
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
