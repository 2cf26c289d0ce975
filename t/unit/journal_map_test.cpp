#include "journal/segment_map.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <thread>

#include "journal/random_uuid.hpp"
#include "journal/segment_slot.hpp"
#include "journal_support.hpp"

namespace coupon {
namespace {

using namespace test;

class JournalMap : public ::testing::Test {
  protected:
    SlotId claim(const Uuid& segment) {
        auto slot = map_->claim(segment, owner_, JournalKind::clicks, false);
        EXPECT_TRUE(slot);
        return slot.value_or(SlotId{});
    }

    TemporaryFolder folder_;
    std::shared_ptr<SegmentMap> map_ = open_map(folder_.path());
    Uuid owner_ = random_uuid();
};

TEST_F(JournalMap, CountsSurviveAndAreSharedByProcesses) {
    Uuid segment = random_uuid();
    SlotId slot = claim(segment);
    EXPECT_EQ(run_child([&] {
                  auto other = open_map(folder_.path());
                  for (int at = 0; at < 1000; ++at) {
                      other->count_served(slot);
                  }
                  other->count_unjournaled(slot);
                  kill(getpid(), SIGKILL);
              }),
              -SIGKILL);
    map_.reset();
    map_ = open_map(folder_.path());
    auto view = map_->view(slot);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->segment, segment);
    EXPECT_EQ(view->owner, owner_);
    EXPECT_EQ(view->counts.served, 1000u);
    EXPECT_EQ(view->counts.unjournaled, 1u);
    EXPECT_TRUE(view->needs_row());
    EXPECT_EQ(map_->find(segment), slot);
}

TEST_F(JournalMap, SlotIsFreedOnlyWhenDoneAndPersisted) {
    SlotId slot = claim(random_uuid());
    map_->count_served(slot);
    EXPECT_EQ(map_->release_done(), 0u);  // live
    map_->mark_done(slot);
    EXPECT_EQ(map_->release_done(), 0u);  // not persisted
    SegmentCounts seen = map_->view(slot)->counts;
    map_->count_served(slot);  // after the leader looked
    map_->mark_persisted(slot, seen);
    EXPECT_EQ(map_->release_done(), 0u);
    map_->mark_persisted(slot, map_->view(slot)->counts);
    EXPECT_EQ(map_->release_done(), 1u);
    EXPECT_FALSE(map_->view(slot));
    EXPECT_FALSE(map_->count_served(slot));
}

TEST_F(JournalMap, LateCountNeverReachesTheNextSegment) {
    SlotId old = claim(random_uuid());
    map_->mark_done(old);
    EXPECT_EQ(map_->release_done(), 1u);  // never used: needs no row
    SlotId next = claim(random_uuid());
    EXPECT_EQ(next.index, old.index);
    EXPECT_FALSE(map_->count_served(old));
    EXPECT_FALSE(map_->count_unjournaled(old));
    map_->mark_persisted(old, {5, 5, 5});
    map_->mark_done(old);
    auto view = map_->view(next);
    EXPECT_EQ(view->counts.served, 0u);
    EXPECT_EQ(view->persisted.served, 0u);
    EXPECT_FALSE(view->done);
}

TEST_F(JournalMap, DoneSegmentIsSealedAtWhatWasCommitted) {
    SlotId slot = claim(random_uuid());
    map_->records(slot).store(17);
    map_->mark_done(slot);
    EXPECT_EQ(map_->view(slot)->counts.sealed, 17u);
    EXPECT_TRUE(map_->view(slot)->needs_row());
}

TEST_F(JournalMap, AllSlotsCanBeUsed) {
    for (uint32_t at = 0; at < kSegmentSlots_max; ++at) {
        claim(random_uuid());
    }
    EXPECT_FALSE(map_->claim(random_uuid(), owner_, JournalKind::clicks, false));
    size_t seen = 0;
    map_->for_each([&](const SlotView&) { ++seen; });
    EXPECT_EQ(seen, kSegmentSlots_max);
}

TEST_F(JournalMap, SettledRangesArriveOnce) {
    Uuid segment = random_uuid();
    SlotId slot = claim(segment);
    uint32_t version = 0;
    EXPECT_FALSE(map_->settled_since(slot, segment, version));
    SeqRanges ranges = *SeqRanges::parse("{[0,5),[7,9)}");
    map_->publish_settled(slot, segment, ranges);
    EXPECT_EQ(map_->settled_since(slot, segment, version), ranges);
    EXPECT_FALSE(map_->settled_since(slot, segment, version));
    map_->publish_settled(slot, segment, ranges);  // no news
    EXPECT_FALSE(map_->settled_since(slot, segment, version));
    ranges.add(5, 7);
    map_->publish_settled(slot, segment, ranges);
    EXPECT_EQ(map_->settled_since(slot, segment, version)->to_text(), "{[0,9)}");
}

TEST_F(JournalMap, NothingIsTakenForSettledInTheNextLifeOfASlot) {
    Uuid former = random_uuid();
    SlotId slot = claim(former);
    map_->publish_settled(slot, former, up_to(100));
    map_->mark_done(slot);
    ASSERT_EQ(map_->release_done(), 1u);
    Uuid segment = random_uuid();
    SlotId next = claim(segment);
    uint32_t version = 0;
    EXPECT_FALSE(map_->settled_since(next, segment, version));
    map_->publish_settled(slot, former, up_to(50));  // an answer that came late
    EXPECT_FALSE(map_->settled_since(next, segment, version));
    // And if the late write had slipped in behind the checks, its CRC is another segment's.
    map_->publish_settled(next, segment, up_to(3));
    uint32_t fresh = 0;
    EXPECT_FALSE(map_->settled_since(next, former, fresh));
}

TEST_F(JournalMap, MoreThanSixteenRangesAreCutToAPrefix) {
    Uuid segment = random_uuid();
    SlotId slot = claim(segment);
    SeqRanges many;
    for (uint64_t at = 0; at < 40; ++at) {
        many.add(at * 10, at * 10 + 5);
    }
    map_->publish_settled(slot, segment, many);
    uint32_t version = 0;
    auto settled = map_->settled_since(slot, segment, version);
    ASSERT_TRUE(settled);
    EXPECT_EQ(settled->ranges().size(), kSettledRanges_max);
    EXPECT_TRUE(settled->covers(150, 155));
    EXPECT_FALSE(settled->contains(160));
}

// A leader that is killed in the middle of publishing leaves "no news", and the next one goes on.
TEST_F(JournalMap, ReadersNeverSeeTornRangesWhileLeadersDie) {
    Uuid segment = random_uuid();
    SlotId slot = claim(segment);
    uint32_t version = 0;
    uint64_t reached = 0;
    for (int round = 0; round < 60; ++round) {
        // What the leader before it published last may not have been read yet.
        if (auto left = map_->settled_since(slot, segment, version)) {
            reached = left->ranges().front().end;
        }
        pid_t leader = start_child([&] {
            for (uint64_t end = reached + 1;; ++end) {
                SeqRanges ranges;
                ranges.add(0, end);
                for (uint64_t at = 0; at < end % 15; ++at) {
                    ranges.add(end + 2 + at * 3, end + 3 + at * 3);
                }
                map_->publish_settled(slot, segment, ranges);
            }
        });
        for (int spin = 0; spin < 20000; ++spin) {
            if (auto settled = map_->settled_since(slot, segment, version)) {
                ASSERT_FALSE(settled->empty());
                uint64_t end = settled->ranges().front().end;
                ASSERT_EQ(settled->ranges().front().begin, 0u);
                ASSERT_EQ(settled->ranges().size(), 1 + end % 15);
                ASSERT_GE(end, reached);
                reached = end;
            }
        }
        kill(leader, SIGKILL);
        wait_for(leader);
    }
    map_->publish_settled(slot, segment, up_to(reached + 1000));
    EXPECT_TRUE(map_->settled_since(slot, segment, version)->covers(0, reached + 1000));
}

TEST_F(JournalMap, CountsOfManyProcessesAreExact) {
    SlotId slot = claim(random_uuid());
    std::vector<pid_t> children;
    for (int at = 0; at < 4; ++at) {
        children.push_back(start_child([&] {
            for (int count = 0; count < 20000; ++count) {
                map_->count_served(slot);
            }
        }));
    }
    for (pid_t child : children) {
        EXPECT_EQ(wait_for(child), 0);
    }
    EXPECT_EQ(map_->view(slot)->counts.served, 80000u);
}

TEST_F(JournalMap, DamagedMapIsPutAsideAndNamed) {
    claim(random_uuid());
    map_.reset();
    std::string path = folder_.path() + "/segments.map";
    damage(path, 0, "nonsense");
    std::string error;
    std::string warning;
    auto map = SegmentMap::open(folder_.path(), error, warning);
    ASSERT_TRUE(map) << error;
    EXPECT_NE(warning.find("segments.map.damaged"), std::string::npos) << warning;
    EXPECT_TRUE(std::filesystem::exists(path + ".damaged"));
    size_t used = 0;
    map->for_each([&](const SlotView&) { ++used; });
    EXPECT_EQ(used, 0u);
}

TEST_F(JournalMap, TruncatedMapIsPutAside) {
    map_.reset();
    ASSERT_EQ(truncate((folder_.path() + "/segments.map").c_str(), 5000), 0);
    std::string error;
    std::string warning;
    EXPECT_TRUE(SegmentMap::open(folder_.path(), error, warning)) << error;
    EXPECT_NE(warning, "");
}

// Opening a FIFO waits for its other end: the alarm ends a test that does.
TEST_F(JournalMap, FifosAndLinksAreNeitherWaitedForNorFollowed) {
    map_.reset();
    std::string path = folder_.path() + "/segments.map";
    std::string elsewhere = folder_.path() + "/elsewhere";
    std::filesystem::create_symlink(elsewhere, path + ".new");
    for (bool fifo : {true, false}) {
        std::filesystem::remove(path);
        if (fifo) {
            ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
        } else {
            std::ofstream(elsewhere) << "mine";
            std::filesystem::create_symlink(elsewhere, path);
        }
        alarm(20);
        std::string error;
        std::string warning;
        EXPECT_FALSE(SegmentMap::open_read_only(folder_.path(), error));
        EXPECT_NE(error, "");
        EXPECT_TRUE(SegmentMap::open(folder_.path(), error, warning)) << error;
        EXPECT_NE(warning.find("segments.map.damaged"), std::string::npos) << warning;
        alarm(0);
        EXPECT_EQ(std::filesystem::exists(elsewhere), !fifo);
    }
    EXPECT_EQ(std::filesystem::file_size(elsewhere), 4u);
}

TEST_F(JournalMap, MissingFolderIsASentence) {
    std::string error;
    std::string warning;
    EXPECT_FALSE(SegmentMap::open(folder_.path() + "/none", error, warning));
    EXPECT_NE(error.find("No such file"), std::string::npos) << error;
    EXPECT_FALSE(SegmentMap::open_read_only(folder_.path() + "/none", error));
    EXPECT_NE(error, "");
}

}  // namespace
}  // namespace coupon
