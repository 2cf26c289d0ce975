// Damaged, forged and strange files in a journal's folder.
#include "journal/store.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "core/crc32c.hpp"
#include "journal/random_uuid.hpp"
#include "journal_store_support.hpp"

namespace coupon {
namespace {

using namespace test;

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

// What a header or the map says decides how much memory is taken, so it is checked against the
// file.
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

}  // namespace
}  // namespace coupon
