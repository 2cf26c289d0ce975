// Readers beside a writer, in processes and in threads: no torn, stale or missing entry.
#include <atomic>
#include <chrono>
#include <thread>

#include "catalog_support.hpp"

namespace coupon::test {
namespace {

// Offers below kKept are always there, the others come and go. All are changed all the time.
constexpr std::uint64_t kKept = 40;
constexpr std::uint64_t kOffers = 80;

class CatalogReaders : public testing::Test {
  protected:
    struct Progress {
        std::uint64_t stop;
        std::uint64_t reads;
        std::uint64_t finished[kOffers];  // revision of the last finished put
    };
    SharedMemory memory{CatalogZone::kMinBytes};
    SharedMemory progress_memory{sizeof(Progress)};
    Progress& progress = *static_cast<Progress*>(progress_memory.data());
    CatalogZone zone{memory.data(), memory.size()};

    void SetUp() override {
        for (std::uint64_t offer = 0; offer < kKept; ++offer) {
            zone.put(offer_uuid(offer), make_entry(offer, 0, 100), 1);
        }
    }

    bool stopped() const { return load_word(progress.stop) != 0; }

    void write(std::uint64_t revision) {
        const std::uint64_t offer = scramble(revision) % kOffers;
        if (offer >= kKept && revision % 2 == 0) {
            zone.erase(offer_uuid(offer));
            return;
        }
        zone.put(offer_uuid(offer), make_entry(offer, revision, 1 + scramble(revision + 1) % 400),
                 1);
        store_word(progress.finished[offer], revision);
    }

    // The number of the promise that was broken, or 0.
    int read_all() {
        Lookup lookup;
        std::uint64_t seen[kOffers] = {};
        std::uint64_t reads = 0;
        while (!stopped()) {
            const std::uint64_t offer = scramble(++reads) % kOffers;
            const std::uint64_t finished = load_word(progress.finished[offer]);
            const std::string_view entry = lookup.of(zone, offer);
            if (entry.empty()) {
                if (offer < kKept) {
                    return 1;
                }
                continue;
            }
            if (!is_whole(entry, offer)) {
                return 2;
            }
            const auto revision = static_cast<std::uint64_t>(decode_offer_entry(entry)->starts_at);
            if (revision < finished || revision < seen[offer]) {
                return 3;
            }
            seen[offer] = revision;
        }
        std::atomic_ref(progress.reads).fetch_add(reads);
        return 0;
    }

    int slice_all() {
        while (!stopped()) {
            std::uint64_t kept = 0;
            bool whole = true;
            std::size_t position = 0;
            while (!zone.read_slice(position, 50, [&](std::string_view entry) {
                const auto offer = static_cast<std::uint64_t>(decode_offer_entry(entry)->offer_id);
                whole = whole && is_whole(entry, offer);
                kept += offer < kKept ? 1 : 0;
            })) {
            }
            if (!whole || kept != kKept) {
                return 4;
            }
        }
        return 0;
    }
};

TEST_F(CatalogReaders, InOtherProcessesSeeWholeAndCurrentEntries) {
    const pid_t readers[] = {start_child([&] { return read_all(); }),
                             start_child([&] { return read_all(); }),
                             start_child([&] { return slice_all(); })};
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(800);
    std::uint64_t revision = 1;
    while (std::chrono::steady_clock::now() < end) {
        write(revision++);
    }
    store_word(progress.stop, 1);
    for (const pid_t reader : readers) {
        EXPECT_EQ(wait_child(reader), 0);
    }
    EXPECT_GT(revision, 1000u);
    EXPECT_GT(progress.reads, 1000u);
    EXPECT_EQ(damage(zone), "");
}

TEST_F(CatalogReaders, OutliveKilledWriters) {
    const pid_t readers[] = {start_child([&] { return read_all(); }),
                             start_child([&] { return slice_all(); })};
    for (std::uint64_t round = 1; round <= 80; ++round) {
        const pid_t writer = start_child([&] {
            for (std::uint64_t i = 0;; ++i) {
                write(round * 1'000'000 + i);
            }
            return 0;
        });
        usleep(static_cast<useconds_t>(scramble(round) % 2000));
        kill(writer, SIGKILL);
        wait_child(writer);
    }
    store_word(progress.stop, 1);
    for (const pid_t reader : readers) {
        EXPECT_EQ(wait_child(reader), 0);
    }
    EXPECT_EQ(damage(zone), "");
}

TEST_F(CatalogReaders, AreNotDisturbedByAStoppedWriter) {
    const pid_t writer = start_child([&] {
        for (std::uint64_t revision = 1;; ++revision) {
            write(revision);
        }
        return 0;
    });
    Lookup lookup;
    for (int round = 0; round < 50; ++round) {
        usleep(300);
        kill(writer, SIGSTOP);
        int status = 0;
        waitpid(writer, &status, WUNTRACED);
        for (std::uint64_t offer = 0; offer < kKept; ++offer) {
            ASSERT_TRUE(is_whole(lookup.of(zone, offer), offer));
        }
        kill(writer, SIGCONT);
    }
    kill(writer, SIGKILL);
    wait_child(writer);
}

// The same with threads, for the thread sanitizer.
TEST_F(CatalogReaders, InThreadsSeeWholeAndCurrentEntries) {
    int results[3] = {};
    std::thread readers[] = {std::thread([&] { results[0] = read_all(); }),
                             std::thread([&] { results[1] = read_all(); }),
                             std::thread([&] { results[2] = slice_all(); })};
    for (std::uint64_t revision = 1; revision <= 30'000; ++revision) {
        write(revision);
    }
    store_word(progress.stop, 1);
    for (std::thread& reader : readers) {
        reader.join();
    }
    EXPECT_EQ(results[0], 0);
    EXPECT_EQ(results[1], 0);
    EXPECT_EQ(results[2], 0);
}

TEST_F(CatalogReaders, SeveralWritersTakeTurns) {
    constexpr std::uint64_t each = 20'000;
    auto start = [&](std::uint64_t base) {
        return start_child([&, base] {
            for (std::uint64_t i = 0; i < each; ++i) {
                const std::uint64_t offer = base + scramble(i) % 50;
                PutResult result = PutResult::busy;
                while (result == PutResult::busy) {
                    result = zone.put(offer_uuid(offer), make_entry(offer, i, 1 + i % 200), 1);
                }
            }
            return 0;
        });
    };
    const pid_t writers[] = {start(1000), start(2000), start(3000)};
    for (const pid_t writer : writers) {
        EXPECT_EQ(wait_child(writer), 0);
    }
    EXPECT_EQ(zone.stats().entries, kKept + 150);
    EXPECT_EQ(damage(zone), "");
}

}  // namespace
}  // namespace coupon::test
