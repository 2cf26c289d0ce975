// What a writer leaves that was killed, and who takes it.
#include "journal/store.hpp"

#include <gtest/gtest.h>

#include <set>

#include "journal_store_support.hpp"

namespace coupon {
namespace {

using namespace test;

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

}  // namespace
}  // namespace coupon
