// Snapshots: a whole one restores the catalogue, a damaged one gives what it has.
#include "catalog/snapshot.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "catalog_support.hpp"

namespace coupon::test {
namespace {

constexpr std::uint64_t kOffers = 500;
constexpr std::size_t kProgramBytes = 200;
constexpr std::size_t kRecordBytes = 8 + kOfferEntryHeaderBytes + kProgramBytes;

class CatalogSnapshotTest : public testing::Test {
  protected:
    void SetUp() override {
        std::string name = (std::filesystem::temp_directory_path() / "catalog.XXXXXX").string();
        directory = mkdtemp(name.data());
        path = directory + "/catalog.snapshot";
        zone.begin_full_load();
        for (std::uint64_t offer = 0; offer < kOffers; ++offer) {
            zone.put(offer_uuid(offer), make_entry(offer, 0, kProgramBytes),
                     zone.load_generation());
        }
        zone.finish_full_load(7777, 42, 1000);
    }
    void TearDown() override { std::filesystem::remove_all(directory); }

    std::string read_file() {
        std::ifstream file(path, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    void write_file(const std::string& bytes) {
        std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
    }
    std::uint64_t found(const CatalogZone& in) {
        std::uint64_t count = 0;
        for (std::uint64_t offer = 0; offer < kOffers; ++offer) {
            const std::string_view entry = lookup.of(in, offer);
            count += entry.empty() ? 0 : 1;
            EXPECT_TRUE(entry.empty() || is_whole(entry, offer));
        }
        return count;
    }

    SharedMemory memory{2 * 1024 * 1024};
    SharedMemory other_memory{2 * 1024 * 1024};
    CatalogZone zone{memory.data(), memory.size()};
    CatalogZone restored{other_memory.data(), other_memory.size()};
    Lookup lookup;
    std::string directory;
    std::string path;
};

TEST_F(CatalogSnapshotTest, RestoresTheWholeCatalogue) {
    const SnapshotWritten written = write_snapshot(path, zone);
    ASSERT_EQ(written.error, "");
    EXPECT_EQ(written.entries, kOffers);
    struct stat status {};
    ASSERT_EQ(stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);
    EXPECT_EQ(static_cast<std::uint64_t>(status.st_size), written.bytes);
    EXPECT_FALSE(std::filesystem::exists(path + ".tmp"));

    const SnapshotLoaded loaded = load_snapshot(path, restored, 5000);
    EXPECT_EQ(loaded.error, "");
    EXPECT_EQ(loaded.entries, kOffers);
    EXPECT_TRUE(loaded.in_full);
    EXPECT_EQ(found(restored), kOffers);
    EXPECT_EQ(restored.system_identifier(), 7777u);
    EXPECT_EQ(restored.cursor(), 42u);
    EXPECT_TRUE(restored.loaded_once());
    EXPECT_FALSE(restored.complete(5000)) << "nobody has read the change log yet";
    restored.log_read(43, 5100);
    EXPECT_TRUE(restored.complete(5100));
    EXPECT_EQ(damage(restored), "");
}

TEST_F(CatalogSnapshotTest, DoesNotReplaceAGoodFileByAnIncompleteCatalogue) {
    ASSERT_EQ(write_snapshot(path, zone).error, "");
    EXPECT_NE(write_snapshot(path, restored).error, "");
    EXPECT_EQ(load_snapshot(path, restored, 1).entries, kOffers);
}

TEST_F(CatalogSnapshotTest, DoesNotLoadOverALoadedCatalogue) {
    ASSERT_EQ(write_snapshot(path, zone).error, "");
    EXPECT_NE(load_snapshot(path, zone, 1).error, "");
    EXPECT_EQ(zone.stats().entries, kOffers);
}

TEST_F(CatalogSnapshotTest, NamesWhatIsWrongWithTheFile) {
    EXPECT_NE(load_snapshot(path, restored, 1).error.find("cannot open"), std::string::npos);
    write_file("");
    EXPECT_NE(load_snapshot(path, restored, 1).error.find("no catalogue snapshot"),
              std::string::npos);
    write_file(std::string(1000, 'x'));
    EXPECT_NE(load_snapshot(path, restored, 1).error.find("no catalogue snapshot"),
              std::string::npos);
    EXPECT_NE(write_snapshot(directory + "/none/snapshot", zone).error.find("cannot create"),
              std::string::npos);
    EXPECT_EQ(restored.stats().entries, 0u);
    EXPECT_FALSE(restored.loaded_once());
}

TEST_F(CatalogSnapshotTest, SkipsADamagedRecord) {
    ASSERT_EQ(write_snapshot(path, zone).error, "");
    std::string bytes = read_file();
    bytes[64 + 10 * kRecordBytes + 100] ^= 1;
    write_file(bytes);
    const SnapshotLoaded loaded = load_snapshot(path, restored, 1);
    EXPECT_EQ(loaded.entries, kOffers - 1);
    EXPECT_EQ(loaded.damaged, 1u);
    EXPECT_FALSE(loaded.truncated);
    EXPECT_FALSE(loaded.in_full);
    EXPECT_EQ(found(restored), kOffers - 1);
    EXPECT_FALSE(restored.loaded_once());
    EXPECT_EQ(restored.cursor(), 0u);
}

TEST_F(CatalogSnapshotTest, LoadsThePrefixOfATruncatedFile) {
    ASSERT_EQ(write_snapshot(path, zone).error, "");
    std::filesystem::resize_file(path, 64 + 100 * kRecordBytes + 17);
    const SnapshotLoaded loaded = load_snapshot(path, restored, 1);
    EXPECT_EQ(loaded.entries, 100u);
    EXPECT_TRUE(loaded.truncated);
    EXPECT_FALSE(loaded.in_full);
    EXPECT_EQ(found(restored), 100u);
    EXPECT_FALSE(restored.loaded_once());
}

TEST_F(CatalogSnapshotTest, TakesNoWrongEntryFromAnyCorruption) {
    ASSERT_EQ(write_snapshot(path, zone).error, "");
    const std::string bytes = read_file();
    std::mt19937_64 random(3);
    for (int round = 0; round < 100; ++round) {
        std::string bad = bytes;
        for (std::uint64_t i = 0, flips = 1 + random() % 20; i < flips; ++i) {
            bad[random() % bad.size()] ^= static_cast<char>(1 + random() % 255);
        }
        write_file(bad);
        std::memset(other_memory.data(), 0, 4096);  // as a new master would find it
        CatalogZone target(other_memory.data(), other_memory.size());
        const SnapshotLoaded loaded = load_snapshot(path, target, 1);
        EXPECT_FALSE(loaded.in_full);
        ASSERT_EQ(found(target), loaded.entries);
        ASSERT_EQ(damage(target), "");
    }
}

TEST_F(CatalogSnapshotTest, ACatalogueThatDoesNotFitIsNotLoadedInFull) {
    zone.begin_full_load();
    for (std::uint64_t offer = 0; offer < 3000; ++offer) {
        zone.put(offer_uuid(offer), make_entry(offer, 0, kProgramBytes), zone.load_generation());
    }
    zone.finish_full_load(7777, 42, 1000);
    ASSERT_EQ(write_snapshot(path, zone).error, "");
    SharedMemory little(512 * 1024);
    CatalogZone small(little.data(), little.size());
    const SnapshotLoaded loaded = load_snapshot(path, small, 1);
    EXPECT_EQ(loaded.entries, 3000u);
    EXPECT_FALSE(loaded.in_full);
    EXPECT_FALSE(small.loaded_once());
}

TEST_F(CatalogSnapshotTest, SkipsAProgramThatIsNotOurs) {
    const std::string longer = make_entry(1, 0, kProgramBytes - 1) + '\0';
    std::string breaks = make_entry(2, 0, kProgramBytes);
    breaks[kOfferEntryHeaderBytes + 50] = '\n';
    zone.put(offer_uuid(1), longer, zone.load_generation());
    zone.put(offer_uuid(2), breaks, zone.load_generation());
    ASSERT_EQ(write_snapshot(path, zone).error, "");
    const SnapshotLoaded loaded = load_snapshot(path, restored, 1);
    EXPECT_EQ(loaded.entries, kOffers - 2);
    EXPECT_EQ(loaded.damaged, 2u);
    EXPECT_FALSE(loaded.in_full);
    EXPECT_EQ(lookup.of(restored, 1), "");
    EXPECT_EQ(lookup.of(restored, 2), "");
}

// Opening a FIFO waits for a writer: the alarm ends a test that does.
TEST_F(CatalogSnapshotTest, WaitsForNoFifoAndFollowsNoLink) {
    alarm(20);
    ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
    EXPECT_NE(load_snapshot(path, restored, 1).error.find("no catalogue snapshot"),
              std::string::npos);
    ASSERT_EQ(mkfifo((path + ".tmp").c_str(), 0600), 0);
    EXPECT_NE(write_snapshot(path, zone).error.find("not a regular file"), std::string::npos);
    std::filesystem::remove(path + ".tmp");
    std::filesystem::create_symlink(directory + "/elsewhere", path + ".tmp");
    EXPECT_NE(write_snapshot(path, zone).error, "");
    EXPECT_FALSE(std::filesystem::exists(directory + "/elsewhere"));
    alarm(0);
}

TEST_F(CatalogSnapshotTest, LeavesTheTemporaryFileOfAnotherWriterAlone) {
    const int other = open((path + ".tmp").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    ASSERT_EQ(flock(other, LOCK_EX), 0);
    EXPECT_NE(write_snapshot(path, zone).error.find("another process"), std::string::npos);
    close(other);
    EXPECT_EQ(write_snapshot(path, zone).error, "");
}

TEST_F(CatalogSnapshotTest, IsWholeWhileTheCatalogueChanges) {
    const pid_t writer = start_child([&] {
        for (std::uint64_t revision = 1;; ++revision) {
            const std::uint64_t offer = scramble(revision) % kOffers;
            zone.put(offer_uuid(offer), make_entry(offer, revision, 10 + revision % 400),
                     zone.load_generation());
        }
        return 0;
    });
    for (int round = 0; round < 20; ++round) {
        ASSERT_EQ(write_snapshot(path, zone).error, "");
        std::memset(other_memory.data(), 0, 4096);
        CatalogZone target(other_memory.data(), other_memory.size());
        const SnapshotLoaded loaded = load_snapshot(path, target, 1);
        EXPECT_EQ(loaded.entries, kOffers);
        EXPECT_TRUE(loaded.in_full);
        EXPECT_EQ(found(target), kOffers);
    }
    kill(writer, SIGKILL);
    wait_child(writer);
}

}  // namespace
}  // namespace coupon::test
