#include "journal/reader.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "core/crc32c.hpp"
#include "journal_support.hpp"

namespace coupon {
namespace {

using namespace test;

class JournalReaderTest : public ::testing::Test {
  protected:
    std::unique_ptr<JournalReader> reader() {
        std::string error;
        auto opened = JournalReader::open(folder_.path(), error);
        EXPECT_TRUE(opened) << error;
        return opened;
    }

    std::vector<std::string> records(const JournalReader& reader, const SegmentInfo& segment,
                                     ReadResult& result) {
        std::vector<std::string> found;
        result = reader.read(segment, [&](uint32_t seq, std::string_view payload) {
            found.resize(seq + 1, "?");
            found[seq] = payload;
        });
        return found;
    }

    TemporaryFolder folder_;
};

TEST_F(JournalReaderTest, DescribesWhatIsThere) {
    Lane lane(small_options(folder_.path()));
    lane.prepare();
    append(lane.writer, "one");
    append(lane.writer, "two");
    lane.delivery.on_epoch(1);
    lane.delivery.on_sent(lane.delivery.next_batch(1, 100).token, 1);
    auto seen = reader();
    auto list = seen->list(true);
    ASSERT_EQ(list.size(), 1u);
    const SegmentInfo& segment = list[0];
    EXPECT_EQ(segment.kind, JournalKind::clicks);
    EXPECT_EQ(segment.edge, "edge-7");
    EXPECT_EQ(segment.owner, OwnerState::alive);
    EXPECT_EQ(segment.sealed, kOpen);
    EXPECT_EQ(segment.cursor, 1u);
    EXPECT_EQ(segment.committed, 2u);
    EXPECT_EQ(segment.damage, "");
    EXPECT_FALSE(segment.retired);
    ReadResult result;
    EXPECT_EQ(records(*seen, segment, result), (std::vector<std::string>{"one", "two"}));
    EXPECT_EQ(result.records, 2u);
    EXPECT_EQ(result.unreadable, 0u);
    EXPECT_EQ(result.error, "");
}

TEST_F(JournalReaderTest, ForgedHeaderGivesAHarmlessLabelAndCount) {
    run_child([&] {
        Lane lane(small_options(folder_.path()));
        lane.prepare();
        append(lane.writer, "one");
        kill(getpid(), SIGKILL);
    });
    std::string path = live_files(folder_.path())[0].path;
    {
        auto failure = SegmentFile::OpenFailure::system;
        std::string error;
        auto file = SegmentFile::open(path, failure, error);
        SegmentHeader& header = file->header();
        std::memset(header.edge, 'e', sizeof header.edge);
        std::memcpy(header.edge, "a-B_9.\x1b'\xff", 9);
        header.sealed.store(100'000'000);
        header.crc = crc32c(0, &header, offsetof(SegmentHeader, crc));
    }
    auto seen = reader();
    auto list = seen->list(false);
    ASSERT_EQ(list.size(), 1u);
    EXPECT_EQ(list[0].damage, "");
    EXPECT_EQ(list[0].edge, "a-B_9.???" + std::string(kEdgeLabel_max + 1 - 9, 'e'));
    ReadResult result;
    EXPECT_EQ(records(*seen, list[0], result), std::vector<std::string>{"one"});
    EXPECT_LT(result.unreadable, records_max(kSmallSegment_bytes));
}

TEST_F(JournalReaderTest, OwnerThatIsGoneIsDead) {
    run_child([&] {
        Lane lane(small_options(folder_.path()));
        lane.prepare();
        append(lane.writer, "one");
        kill(getpid(), SIGKILL);
    });
    auto list = reader()->list(false);
    ASSERT_EQ(list.size(), 1u);
    EXPECT_EQ(list[0].owner, OwnerState::dead);
}

TEST_F(JournalReaderTest, FindsASegmentThatMoved) {
    Lane lane(small_options(folder_.path()));
    lane.prepare();
    append(lane.writer, "one");
    lane.writer.seal_current();
    auto seen = reader();
    auto list = seen->list(false);
    std::string error;
    ASSERT_TRUE(
        lane.store->retire(list[0].id, lane.delivery.segments().front().file->slot(), true, error));
    EXPECT_TRUE(seen->list(false).empty());
    ASSERT_EQ(seen->list(true).size(), 1u);
    EXPECT_TRUE(seen->list(true)[0].retired);
    ReadResult result;
    EXPECT_EQ(records(*seen, list[0], result), std::vector<std::string>{"one"});
    std::filesystem::remove(seen->list(true)[0].path);
    EXPECT_TRUE(records(*seen, list[0], result).empty());
    EXPECT_NE(result.error.find("is gone"), std::string::npos);
}

TEST_F(JournalReaderTest, RecycledFileIsNotTakenForTheFormerSegment) {
    Lane lane(small_options(folder_.path()));
    lane.prepare();
    append(lane.writer, "one");
    auto seen = reader();
    SegmentInfo segment = seen->list(false)[0];
    auto failure = SegmentFile::OpenFailure::system;
    std::string error;
    {
        auto file = SegmentFile::open(segment.path, failure, error);
        SegmentIdentity next = file->identity();
        next.id.bytes[3] ^= 1;
        file->header().begin(next);
    }
    ReadResult result;
    EXPECT_TRUE(records(*seen, segment, result).empty());
    EXPECT_NE(result.error.find("is gone"), std::string::npos);
}

TEST_F(JournalReaderTest, DamageAndMissingMapAreNoObstacle) {
    run_child([&] {
        Lane lane(small_options(folder_.path()));
        lane.prepare();
        for (int at = 0; at < 100; ++at) {
            append(lane.writer, "record " + std::to_string(at));
        }
        kill(getpid(), SIGKILL);
    });
    damage(live_files(folder_.path())[0].path, 0, "??");
    damage(live_files(folder_.path())[0].path, kSegmentHeader_bytes + 325, "??");
    for (bool with_map : {true, false}) {
        if (!with_map) {
            std::filesystem::remove(folder_.path() + "/segments.map");
        }
        auto seen = reader();
        auto list = seen->list(false);
        ASSERT_EQ(list.size(), 1u);
        EXPECT_NE(list[0].damage, "");
        ReadResult result;
        auto found = records(*seen, list[0], result);
        EXPECT_EQ(result.records, 99u);
        EXPECT_EQ(result.unreadable, 1u);
        EXPECT_EQ(found[99], "record 99");
    }
}

// What a living writer has not finished is neither read nor taken for damage.
TEST_F(JournalReaderTest, ReadsBesideALivingWriter) {
    pid_t child = start_child([&] {
        Lane lane(small_options(folder_.path(), 400));
        uint64_t number = 0;
        while (true) {
            std::string text = "number " + std::to_string(number);
            text.resize(20 + number % 400, '.');
            if (append(lane.writer, text)) {
                ++number;
            } else if (auto made = lane.store->prepare(); made.segment) {
                lane.writer.give_spare(std::move(made.segment));
            } else {
                pause();  // the folder is full before the reader had enough
            }
        }
    });
    for (int wait = 0; wait < 2000 && live_files(folder_.path()).empty(); ++wait) {
        usleep(10'000);
    }
    auto seen = reader();
    uint64_t read = 0;
    for (int round = 0; round < 2000 && read <= 200'000; ++round) {
        for (const SegmentInfo& segment : seen->list(true)) {
            ReadResult result;
            for (const std::string& text : records(*seen, segment, result)) {
                ASSERT_EQ(text.compare(0, 7, "number "), 0) << text;
                ++read;
            }
            EXPECT_EQ(result.unreadable, 0u);
            EXPECT_EQ(result.error, "");
        }
    }
    kill(child, SIGKILL);
    wait_for(child);
    EXPECT_GT(read, 1000u);
}

TEST_F(JournalReaderTest, FolderThatIsNoJournalIsASentence) {
    std::string error;
    EXPECT_FALSE(JournalReader::open(folder_.path() + "/none", error));
    EXPECT_NE(error.find("No such file"), std::string::npos) << error;
    EXPECT_FALSE(JournalReader::open(folder_.path(), error));
}

}  // namespace
}  // namespace coupon
