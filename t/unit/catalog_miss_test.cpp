// Misses: one asker per offer across processes, unknown offers remembered for a while.
#include <set>
#include <vector>

#include "catalog/shared_lock.hpp"
#include "catalog_support.hpp"

namespace coupon::test {
namespace {

class CatalogMissTest : public testing::Test {
  protected:
    SharedMemory memory{4 * 1024 * 1024};
    CatalogZone zone{memory.data(), memory.size()};
};

TEST_F(CatalogMissTest, OneAsksAndTheOthersWait) {
    EXPECT_EQ(zone.claim_miss(offer_uuid(1), 1000, 500), MissClaim::you_ask);
    EXPECT_EQ(zone.claim_miss(offer_uuid(1), 1000, 500), MissClaim::someone_asks);
    EXPECT_EQ(zone.claim_miss(offer_uuid(2), 1000, 500), MissClaim::you_ask);
    EXPECT_EQ(zone.claim_miss(offer_uuid(1), 1499, 500), MissClaim::someone_asks);
}

TEST_F(CatalogMissTest, ADeadAskersClaimEndsWithItsDeadline) {
    zone.claim_miss(offer_uuid(1), 1000, 500);
    EXPECT_EQ(zone.claim_miss(offer_uuid(1), 1500, 500), MissClaim::you_ask);
    EXPECT_EQ(zone.claim_miss(offer_uuid(1), 1500, 500), MissClaim::someone_asks);
}

TEST_F(CatalogMissTest, UnknownOffersAreRememberedUntilTheirTime) {
    zone.claim_miss(offer_uuid(1), 1000, 500);
    zone.settle_miss(offer_uuid(1), 6000);
    EXPECT_EQ(zone.claim_miss(offer_uuid(1), 5999, 500), MissClaim::known_unknown);
    EXPECT_EQ(zone.claim_miss(offer_uuid(1), 6000, 500), MissClaim::you_ask);
}

TEST_F(CatalogMissTest, AFoundOfferIsForgotten) {
    zone.claim_miss(offer_uuid(1), 1000, 500);
    zone.clear_miss(offer_uuid(1));
    EXPECT_EQ(zone.claim_miss(offer_uuid(1), 1000, 500), MissClaim::you_ask);
}

TEST_F(CatalogMissTest, SaysWhenNothingCouldBeRemembered) {
    auto& lock = reinterpret_cast<CatalogHeader*>(static_cast<char*>(memory.data()) +
                                                  sizeof(ZonePrefix))
                     ->miss_lock;
    SharedMemory taken(sizeof(std::uint64_t));
    const pid_t owner = start_child([&] {
        SharedLock held(lock, 1000);
        store_word(*taken.words(), 1);
        while (true) {
            pause();
        }
        return 0;
    });
    while (load_word(*taken.words()) == 0) {
        usleep(100);
    }
    EXPECT_FALSE(zone.settle_miss(offer_uuid(1), 6000));
    kill(owner, SIGKILL);
    EXPECT_EQ(wait_child(owner), -SIGKILL);
    EXPECT_TRUE(zone.settle_miss(offer_uuid(1), 6000));
    EXPECT_EQ(zone.claim_miss(offer_uuid(1), 5999, 500), MissClaim::known_unknown);
}

TEST_F(CatalogMissTest, AFloodOfInventedIdsEvictsNoOfferAndKeepsQuestions) {
    for (std::uint64_t offer = 0; offer < 1000; ++offer) {
        zone.put(offer_uuid(offer), make_entry(offer, 0, 100), 1);
    }
    EXPECT_EQ(zone.claim_miss(offer_uuid(5000), 1000, 500), MissClaim::you_ask);
    for (std::uint64_t offer = 1'000'000; offer < 1'200'000; ++offer) {
        ASSERT_EQ(zone.claim_miss(offer_uuid(offer), 1000, 500), MissClaim::you_ask);
        zone.settle_miss(offer_uuid(offer), 60'000);
        ASSERT_EQ(zone.claim_miss(offer_uuid(offer), 1000, 500), MissClaim::known_unknown);
    }
    EXPECT_EQ(zone.claim_miss(offer_uuid(5000), 1000, 500), MissClaim::someone_asks);
    EXPECT_EQ(zone.stats().entries, 1000u);
    EXPECT_EQ(zone.stats().evictions, 0u);
    EXPECT_EQ(damage(zone), "");
}

TEST(CatalogMissFloodTest, AMillionRequestsAMinuteForInventedIdsAskOnceEach) {
    SharedMemory memory{400'000'000};
    CatalogZone zone{memory.data(), memory.size()};
    constexpr std::uint64_t remembered = 84'000;  // in 5 s
    std::uint64_t asked_twice = 0;
    for (std::uint64_t offer = 0; offer < 4 * remembered; ++offer) {
        const std::uint64_t now_ms = 1000 + offer * 5000 / remembered;
        ASSERT_EQ(zone.claim_miss(offer_uuid(offer), now_ms, 3000), MissClaim::you_ask);
        zone.settle_miss(offer_uuid(offer), now_ms + 5000);
        if (offer >= remembered) {  // the one that is forgotten next
            asked_twice += zone.claim_miss(offer_uuid(offer - remembered + 20), now_ms, 3000) !=
                           MissClaim::known_unknown;
        }
    }
    EXPECT_EQ(asked_twice, 0u);
}

TEST_F(CatalogMissTest, ExactlyOneOfSeveralProcessesAsks) {
    constexpr std::uint64_t offers = 300;  // no set of the table overflows
    SharedMemory counts(offers * sizeof(std::uint64_t));
    auto claim_all = [&] {
        for (std::uint64_t offer = 0; offer < offers; ++offer) {
            if (zone.claim_miss(offer_uuid(offer), 1000, 500) == MissClaim::you_ask) {
                std::atomic_ref(counts.words()[offer]).fetch_add(1);
            }
        }
        return 0;
    };
    const pid_t children[] = {start_child(claim_all), start_child(claim_all),
                              start_child(claim_all)};
    for (const pid_t child : children) {
        EXPECT_EQ(wait_child(child), 0);
    }
    for (std::uint64_t offer = 0; offer < offers; ++offer) {
        ASSERT_EQ(counts.words()[offer], 1u) << offer;
    }
}

TEST_F(CatalogMissTest, SurvivesKilledProcesses) {
    for (int round = 0; round < 50; ++round) {
        const pid_t child = start_child([&] {
            for (std::uint64_t offer = 0;; ++offer) {
                zone.claim_miss(offer_uuid(offer % 3000), offer, 10);
                zone.settle_miss(offer_uuid(offer % 3000), offer + 10);
            }
            return 0;
        });
        usleep(1000);
        kill(child, SIGKILL);
        EXPECT_EQ(wait_child(child), -SIGKILL);
        EXPECT_EQ(zone.claim_miss(offer_uuid(9999), static_cast<std::uint64_t>(round) * 100, 100),
                  MissClaim::you_ask);
    }
}

}  // namespace
}  // namespace coupon::test
