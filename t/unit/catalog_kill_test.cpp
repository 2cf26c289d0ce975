// A writer killed anywhere: the catalogue stays whole, readable and writable, and no cell is lost.
#include <sys/ptrace.h>

#include <cerrno>
#include <random>

#include "catalog/shared_lock.hpp"
#include "catalog_support.hpp"

namespace coupon::test {
namespace {

// What one offer may look like after a change that may or may not have happened.
struct Expected {
    std::uint64_t offer;
    std::string before;  // empty: absent
    std::string after;
};

// Runs `change` in a child one instruction at a time. Between any two of them, the zone as the
// child would leave it if it were killed there is copied and must be whole: every offer is as
// before or as after, never back again, and the next writer finishes or forgets the change.
class KilledAtEveryInstruction {
  public:
    KilledAtEveryInstruction() : zone(memory_.data(), memory_.size()) {}

    template <class Change>
    void check(const std::vector<Expected>& offers, Change change) {
        const pid_t child = start_child([&] {
            if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) {
                return 2;
            }
            raise(SIGSTOP);
            change(zone);
            return 0;
        });
        int status = 0;
        waitpid(child, &status, 0);
        if (!WIFSTOPPED(status)) {
            GTEST_SKIP() << "processes may not be traced here";
        }
        std::vector<bool> changed(offers.size());
        std::string last(memory_.size(), '\0');
        while (!testing::Test::HasFatalFailure()) {
            if (std::memcmp(last.data(), memory_.data(), last.size()) != 0) {
                std::memcpy(last.data(), memory_.data(), last.size());
                check_copy(last, offers, changed);
                ++states;
            }
            if (ptrace(PTRACE_SINGLESTEP, child, nullptr, nullptr) != 0 ||
                waitpid(child, &status, 0) != child || !WIFSTOPPED(status)) {
                break;
            }
        }
        ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        for (std::size_t i = 0; i < offers.size(); ++i) {
            EXPECT_EQ(lookup_.of(zone, offers[i].offer), offers[i].after);
        }
        EXPECT_EQ(damage(zone), "");
    }

  private:
    SharedMemory memory_{CatalogZone::kMinBytes};
    SharedMemory copy_{CatalogZone::kMinBytes};
    Lookup lookup_;

  public:
    CatalogZone zone;
    int states = 0;

  private:
    void check_copy(const std::string& bytes, const std::vector<Expected>& offers,
                    std::vector<bool>& changed) {
        std::memcpy(copy_.data(), bytes.data(), bytes.size());
        // In the copy the child's lock has no living owner.
        make_shared_lock(static_cast<ZonePrefix*>(copy_.data())->lock);
        CatalogZone left(copy_.data(), copy_.size());
        ASSERT_TRUE(left.kept());
        for (std::size_t i = 0; i < offers.size(); ++i) {  // readers come before the next writer
            const std::string_view entry = lookup_.of(left, offers[i].offer);
            changed[i] = changed[i] || entry == offers[i].after;
            ASSERT_EQ(entry, changed[i] ? offers[i].after : offers[i].before) << offers[i].offer;
        }
        ASSERT_EQ(damage(left), "");
        for (std::size_t i = 0; i < offers.size(); ++i) {
            const std::string_view entry = lookup_.of(left, offers[i].offer);
            ASSERT_TRUE(entry == offers[i].after || (!changed[i] && entry == offers[i].before));
        }
        const CatalogStats stats = left.stats();
        const std::string entry = make_entry(99, 9, 300);
        ASSERT_EQ(left.put(offer_uuid(99), entry, 1), PutResult::stored);
        ASSERT_EQ(lookup_.of(left, 99), entry);
        ASSERT_EQ(left.erase(offer_uuid(99)), EraseResult::erased);
        if (stats.evictions == left.stats().evictions) {
            ASSERT_EQ(left.stats().free_cells, stats.free_cells);
        }
        ASSERT_EQ(damage(left), "");
    }
};

class CatalogKilledWriter : public testing::Test {
  protected:
    KilledAtEveryInstruction run;

    std::string fill(std::uint64_t offer, std::size_t program_bytes) {
        const std::string entry = make_entry(offer, 0, program_bytes);
        EXPECT_EQ(run.zone.put(offer_uuid(offer), entry, 1), PutResult::stored);
        return entry;
    }
};

TEST_F(CatalogKilledWriter, AddingTheFirstOffer) {
    const std::string entry = make_entry(1, 0, 150);
    run.check({{1, "", entry}}, [&](CatalogZone& zone) { zone.put(offer_uuid(1), entry, 1); });
    EXPECT_GT(run.states, 280)
        << "the free list is formatted, the entry filled, the change applied";
}

TEST_F(CatalogKilledWriter, ReplacingAnOffer) {
    const std::string neighbour = fill(2, 100);
    const std::string before = fill(1, 400);
    const std::string after = make_entry(1, 1, 90);
    run.check({{1, before, after}, {2, neighbour, neighbour}},
              [&](CatalogZone& zone) { zone.put(offer_uuid(1), after, 1); });
    EXPECT_GT(run.states, 20);
}

TEST_F(CatalogKilledWriter, ErasingAnOffer) {
    const std::string neighbour = fill(2, 100);
    const std::string before = fill(1, 400);
    run.check({{1, before, ""}, {2, neighbour, neighbour}},
              [&](CatalogZone& zone) { zone.erase_by_offer_id(1); });
    EXPECT_GT(run.states, 20);
}

TEST_F(CatalogKilledWriter, RestampingAnOffer) {
    const std::string entry = fill(1, 100);
    run.check({{1, entry, entry}}, [&](CatalogZone& zone) { zone.put(offer_uuid(1), entry, 2); });
}

TEST_F(CatalogKilledWriter, EvictingForANewOffer) {
    for (std::uint64_t offer = 1000; run.zone.stats().evictions == 0; ++offer) {
        fill(offer, 400);
    }
    const std::string entry = make_entry(1, 0, 1000);
    run.check({{1, "", entry}}, [&](CatalogZone& zone) { zone.put(offer_uuid(1), entry, 1); });
    EXPECT_GT(run.states, 100);
}

TEST(CatalogKilledWriters, LoseNothingThatWasFinished) {
    constexpr std::uint64_t offers = 300;
    SharedMemory memory(CatalogZone::kMinBytes);
    SharedMemory finished(offers *
                          sizeof(std::uint64_t));  // revision of each offer's last finished put
    CatalogZone zone(memory.data(), memory.size());
    for (std::uint64_t offer = 0; offer < offers; ++offer) {
        zone.put(offer_uuid(offer), make_entry(offer, 0, 100), 1);
    }
    std::mt19937_64 random(5);
    Lookup lookup;
    for (std::uint64_t round = 1; round <= 150; ++round) {
        const pid_t writer = start_child([&] {
            for (std::uint64_t i = 0;; ++i) {
                const std::uint64_t offer = scramble(round * 1'000'000 + i) % offers;
                const std::uint64_t revision = round * 1'000'000 + i;
                if (i % 5 == 0) {  // extra offers come and go
                    zone.erase(offer_uuid(offer + 1000));
                    zone.put(offer_uuid(offer + 1000), make_entry(offer + 1000, 0, 1 + i % 50), 1);
                }
                zone.put(offer_uuid(offer), make_entry(offer, revision, 1 + i % 300), 1);
                store_word(finished.words()[offer], revision);
            }
            return 0;
        });
        usleep(static_cast<useconds_t>(random() % 1500));
        kill(writer, SIGKILL);
        ASSERT_EQ(wait_child(writer), -SIGKILL);
        for (std::uint64_t offer = 0; offer < offers; ++offer) {
            const std::string_view entry = lookup.of(zone, offer);
            ASSERT_TRUE(is_whole(entry, offer)) << "round " << round;
            ASSERT_GE(static_cast<std::uint64_t>(decode_offer_entry(entry)->starts_at),
                      load_word(finished.words()[offer]));
        }
        ASSERT_EQ(damage(zone), "") << "round " << round;
    }
    EXPECT_EQ(zone.stats().evictions, 0u);
    for (std::uint64_t offer = 0; offer < offers; ++offer) {
        zone.erase_by_offer_id(static_cast<std::int64_t>(offer));
        zone.erase(offer_uuid(offer + 1000));
    }
    EXPECT_EQ(zone.stats().free_cells, zone.stats().cells);
}

}  // namespace
}  // namespace coupon::test
