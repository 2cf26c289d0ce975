// CatalogZone in one process: what goes in comes out, nothing leaks, full zones evict.
#include "catalog/catalog_zone.hpp"

#include <random>
#include <set>
#include <stdexcept>

#include "catalog_support.hpp"

namespace coupon::test {
namespace {

class CatalogZoneTest : public testing::Test {
  protected:
    SharedMemory memory{4 * 1024 * 1024};
    CatalogZone zone{memory.data(), memory.size()};
    Lookup lookup;

    PutResult put(std::uint64_t offer, std::uint64_t revision, std::size_t program_bytes) {
        return zone.put(offer_uuid(offer), make_entry(offer, revision, program_bytes),
                        zone.load_generation());
    }
};

TEST_F(CatalogZoneTest, FindsNothingInAnEmptyZone) {
    EXPECT_FALSE(zone.kept());
    EXPECT_EQ(lookup.of(zone, 1), "");
    EXPECT_EQ(damage(zone), "");
}

TEST_F(CatalogZoneTest, ReturnsEntriesOfEveryLength) {
    for (std::size_t program = 1; program <= kOfferEntryMaxBytes - kOfferEntryHeaderBytes;
         ++program) {
        ASSERT_EQ(put(program % 7, program, program), PutResult::stored) << program;
        ASSERT_EQ(lookup.of(zone, program % 7), make_entry(program % 7, program, program));
    }
    EXPECT_EQ(zone.stats().entries, 7u);
    EXPECT_EQ(damage(zone), "");
}

TEST_F(CatalogZoneTest, RefusesWhatIsNoEntryOfTheOffer) {
    EXPECT_EQ(zone.put(offer_uuid(1), make_entry(2, 0, 10), 1), PutResult::refused);
    EXPECT_EQ(zone.put(offer_uuid(1), make_entry(1, 0, 10).substr(0, 48), 1), PutResult::refused);
    EXPECT_EQ(zone.put(offer_uuid(1),
                       make_entry(1, 0, kOfferEntryMaxBytes - kOfferEntryHeaderBytes + 1), 1),
              PutResult::refused);
    EXPECT_EQ(zone.stats().entries, 0u);
}

TEST_F(CatalogZoneTest, SmallBufferGetsNothing) {
    put(1, 0, 200);
    char small[200];
    EXPECT_EQ(zone.lookup(offer_uuid(1), small, sizeof small), 0u);
}

TEST_F(CatalogZoneTest, ErasesByUuidAndByOfferId) {
    put(1, 0, 100);
    put(2, 0, 100);
    EXPECT_EQ(zone.erase(offer_uuid(1)), EraseResult::erased);
    EXPECT_EQ(zone.erase(offer_uuid(1)), EraseResult::absent);
    EXPECT_EQ(zone.erase_by_offer_id(2), EraseResult::erased);
    EXPECT_EQ(zone.erase_by_offer_id(2), EraseResult::absent);
    EXPECT_EQ(lookup.of(zone, 1), "");
    EXPECT_EQ(lookup.of(zone, 2), "");
    EXPECT_EQ(zone.stats().entries, 0u);
    EXPECT_EQ(damage(zone), "");
}

TEST_F(CatalogZoneTest, FollowsAnOfferWhoseBigintIdChanges) {
    put(1, 0, 100);
    OfferSource source;
    source.uuid = offer_uuid(1);
    source.offer_id = 900;
    ASSERT_EQ(zone.put(source.uuid, encode_offer_entry(source, "x"), 1), PutResult::stored);
    EXPECT_EQ(zone.erase_by_offer_id(1), EraseResult::absent);
    EXPECT_EQ(zone.erase_by_offer_id(900), EraseResult::erased);
    EXPECT_EQ(damage(zone), "");
}

TEST_F(CatalogZoneTest, AnAnswerOlderThanAChangeIsNotStored) {
    const std::string stale = make_entry(1, 0, 50);
    std::uint64_t mark = zone.change_mark(offer_uuid(1));
    put(1, 1, 50);
    EXPECT_EQ(zone.put_unless_changed(offer_uuid(1), stale, mark), PutResult::outdated);
    EXPECT_EQ(lookup.of(zone, 1), make_entry(1, 1, 50));

    mark = zone.change_mark(offer_uuid(2));
    zone.erase(offer_uuid(2));
    EXPECT_EQ(zone.put_unless_changed(offer_uuid(2), make_entry(2, 0, 50), mark),
              PutResult::outdated);

    mark = zone.change_mark(offer_uuid(3));
    zone.erase_by_offer_id(3);
    EXPECT_EQ(zone.put_unless_changed(offer_uuid(3), make_entry(3, 0, 50), mark),
              PutResult::outdated);

    mark = zone.change_mark(offer_uuid(4));
    EXPECT_EQ(zone.put_unless_changed(offer_uuid(4), make_entry(4, 0, 50), mark),
              PutResult::stored);
    EXPECT_EQ(lookup.of(zone, 4), make_entry(4, 0, 50));
}

TEST_F(CatalogZoneTest, SweepKeepsWhatTheFullLoadSaw) {
    for (std::uint64_t offer = 0; offer < 1000; ++offer) {
        put(offer, 0, 150);
    }
    const std::uint32_t generation = zone.begin_full_load();
    for (std::uint64_t offer = 0; offer < 1000; offer += 2) {  // half unchanged, half new
        put(offer, offer % 4, 150);
    }
    std::size_t position = 0;
    while (!zone.sweep_older(generation, position, 100)) {
    }
    EXPECT_EQ(zone.stats().entries, 500u);
    for (std::uint64_t offer = 0; offer < 1000; ++offer) {
        EXPECT_EQ(lookup.of(zone, offer).empty(), offer % 2 == 1) << offer;
    }
    EXPECT_EQ(damage(zone), "");
}

TEST_F(CatalogZoneTest, SweepsExpiredOffers) {
    constexpr std::int64_t now = 1'700'000'000;
    for (std::uint64_t offer = 0; offer < 10; ++offer) {
        const auto expires_at = now - 5 + static_cast<std::int64_t>(offer);
        zone.put(offer_uuid(offer), make_entry(offer, 0, 1 + offer, expires_at), 1);
    }
    zone.put(offer_uuid(10), make_entry(10, 0, 30), 1);  // open end
    std::size_t position = 0;
    EXPECT_TRUE(zone.sweep_expired(now, position, 1'000'000));
    EXPECT_EQ(zone.stats().entries, 5u);
    EXPECT_EQ(lookup.of(zone, 5), "");
    EXPECT_NE(lookup.of(zone, 6), "");
    EXPECT_NE(lookup.of(zone, 10), "");
}

TEST_F(CatalogZoneTest, ReadsEveryEntryOnceInSlices) {
    for (std::uint64_t offer = 0; offer < 3000; ++offer) {
        put(offer, 0, 1 + offer % 500);
    }
    std::multiset<std::int64_t> seen;
    std::size_t position = 0;
    while (!zone.read_slice(position, 97, [&](std::string_view entry) {
        seen.insert(decode_offer_entry(entry)->offer_id);
        EXPECT_TRUE(
            is_whole(entry, static_cast<std::uint64_t>(decode_offer_entry(entry)->offer_id)));
    })) {
    }
    EXPECT_EQ(seen.size(), 3000u);
    EXPECT_EQ(std::set(seen.begin(), seen.end()).size(), 3000u);
}

TEST_F(CatalogZoneTest, CompleteOnlyAfterAFullLoadWithoutEvictionsAndWithAReadLog) {
    EXPECT_FALSE(zone.complete(1000));
    EXPECT_FALSE(zone.loaded_once());
    zone.begin_full_load();
    EXPECT_FALSE(zone.complete(1000));
    zone.finish_full_load(77, 500, 1000);
    EXPECT_TRUE(zone.loaded_once());
    EXPECT_TRUE(zone.complete(1000));
    EXPECT_TRUE(zone.complete(5999));
    EXPECT_FALSE(zone.complete(6000));
    zone.log_read(501, 6000);
    EXPECT_TRUE(zone.complete(6000));
    EXPECT_EQ(zone.cursor(), 501u);
    EXPECT_EQ(zone.system_identifier(), 77u);
    for (std::uint64_t offer = 0; zone.stats().evictions == 0; ++offer) {
        put(offer, 0, 500);
    }
    EXPECT_FALSE(zone.complete(6000));
    EXPECT_EQ(zone.stats().evicted_since_full_load, 1u);
}

TEST_F(CatalogZoneTest, FullZoneKeepsWhatIsUsed) {
    std::uint64_t offer = 100;
    for (; zone.stats().evictions == 0; ++offer) {
        put(offer, 0, 300);
    }
    put(1, 0, 300);
    const std::uint64_t fit = zone.stats().entries;
    for (const std::uint64_t end = offer + 3 * fit; offer < end; ++offer) {
        ASSERT_EQ(put(offer, 0, 300), PutResult::stored);
        ASSERT_EQ(lookup.of(zone, offer), make_entry(offer, 0, 300));
        ASSERT_NE(lookup.of(zone, 1), "") << "used all the time, and yet evicted";
    }
    EXPECT_GE(zone.stats().evictions, 3 * fit);
    EXPECT_EQ(damage(zone), "");
}

TEST_F(CatalogZoneTest, FullZoneTakesTheLongestEntries) {
    for (std::uint64_t offer = 0; offer < 20000; ++offer) {
        const std::size_t program =
            offer % 3 == 0 ? kOfferEntryMaxBytes - kOfferEntryHeaderBytes : 20;
        ASSERT_EQ(put(offer, 0, program), PutResult::stored);
        ASSERT_EQ(lookup.of(zone, offer), make_entry(offer, 0, program));
    }
    EXPECT_EQ(damage(zone), "");
}

TEST_F(CatalogZoneTest, FreeSpaceIsUnchangedAfterManyRandomChanges) {
    constexpr std::uint64_t offers = 4000;
    constexpr std::size_t program = 190;
    for (std::uint64_t offer = 0; offer < offers; ++offer) {
        put(offer, 0, program);
    }
    const CatalogStats before = zone.stats();
    std::mt19937_64 random(1);
    std::string entry;
    for (int change = 0; change < 300'000; ++change) {
        const std::uint64_t offer = random() % offers;
        switch (random() % 4) {
            case 0:
                zone.erase(offer_uuid(offer));
                break;
            case 1:
                zone.erase_by_offer_id(static_cast<std::int64_t>(offer));
                break;
            default:
                entry = make_entry(offer, random() % 3, 1 + random() % 600);
                ASSERT_EQ(zone.put(offer_uuid(offer), entry, 1), PutResult::stored);
        }
    }
    EXPECT_EQ(damage(zone), "");
    for (std::uint64_t offer = 0; offer < offers; ++offer) {
        put(offer, 0, program);
    }
    EXPECT_EQ(zone.stats().free_cells, before.free_cells);
    EXPECT_EQ(zone.stats().entries, before.entries);
    EXPECT_EQ(zone.stats().evictions, 0u);
    EXPECT_EQ(damage(zone), "");
}

TEST(CatalogZoneAttach, KeepsAZoneOfTheSameLayout) {
    SharedMemory memory(1024 * 1024);
    CatalogZone first(memory.data(), memory.size());
    first.put(offer_uuid(1), make_entry(1, 0, 100), 1);
    CatalogZone second(memory.data(), memory.size());
    EXPECT_TRUE(second.kept());
    Lookup lookup;
    EXPECT_EQ(lookup.of(second, 1), make_entry(1, 0, 100));
}

TEST(CatalogZoneAttach, StartsAnewOverAnotherLayoutAndShutsTheOldOneOut) {
    SharedMemory memory(1024 * 1024);
    CatalogZone old(memory.data(), memory.size());
    old.put(offer_uuid(1), make_entry(1, 0, 100), 1);
    memory.words()[2] ^= 1;  // the layout, as another version would have left it
    CatalogZone fresh(memory.data(), memory.size());
    EXPECT_FALSE(fresh.kept());
    Lookup lookup;
    EXPECT_EQ(lookup.of(fresh, 1), "");
    EXPECT_EQ(damage(fresh), "");
    EXPECT_EQ(fresh.put(offer_uuid(1), make_entry(1, 1, 100), 1), PutResult::stored);

    EXPECT_EQ(lookup.of(old, 1), "");
    EXPECT_EQ(old.put(offer_uuid(2), make_entry(2, 0, 100), 1), PutResult::busy);
    EXPECT_EQ(old.erase(offer_uuid(1)), EraseResult::busy);
    EXPECT_FALSE(old.complete(1));
    std::size_t position = 0;
    EXPECT_TRUE(old.sweep_older(9, position, 10));
    EXPECT_EQ(lookup.of(fresh, 1), make_entry(1, 1, 100));
}

TEST(CatalogZoneAttach, StartsAnewOverAnInterruptedInitialisationAndOverRubbish) {
    SharedMemory memory(1024 * 1024);
    { CatalogZone zone(memory.data(), memory.size()); }
    memory.words()[0] = 0;
    EXPECT_FALSE(CatalogZone(memory.data(), memory.size()).kept());
    std::memset(memory.data(), 0xa5, memory.size());
    CatalogZone zone(memory.data(), memory.size());
    EXPECT_FALSE(zone.kept());
    EXPECT_EQ(zone.put(offer_uuid(1), make_entry(1, 0, 100), 1), PutResult::stored);
    EXPECT_EQ(damage(zone), "");
}

TEST(CatalogZoneAttach, RefusesTooLittleAndMisalignedMemory) {
    SharedMemory memory(1024 * 1024);
    EXPECT_THROW(CatalogZone(memory.data(), CatalogZone::kMinBytes - 1), std::invalid_argument);
    EXPECT_THROW(CatalogZone(static_cast<char*>(memory.data()) + 8, 512 * 1024),
                 std::invalid_argument);
    EXPECT_NO_THROW(CatalogZone(memory.data(), CatalogZone::kMinBytes));
}

}  // namespace
}  // namespace coupon::test
