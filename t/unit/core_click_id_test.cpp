#include "core/click_id.hpp"

#include <gtest/gtest.h>

#include <unordered_set>

#include "core/bytes.hpp"

namespace coupon {
namespace {

constexpr SipKey kKey{0x0706050403020100, 0x0f0e0d0c0b0a0908};
constexpr uint64_t kNow_ms = 1732104000123;

TEST(ClickKey, IsThirtyTwoHexDigits) {
    EXPECT_EQ(parse_click_key("000102030405060708090a0b0c0d0e0f"), kKey);
    EXPECT_EQ(parse_click_key("000102030405060708090A0B0C0D0E0F"), kKey);
    EXPECT_FALSE(parse_click_key(""));
    EXPECT_FALSE(parse_click_key("000102030405060708090a0b0c0d0e0"));
    EXPECT_FALSE(parse_click_key("000102030405060708090a0b0c0d0e0f0"));
    EXPECT_FALSE(parse_click_key("000102030405060708090a0b0c0d0e0g"));
}

TEST(ClickId, IsVersionSevenOfItsMillisecond) {
    ClickIdMaker maker(kKey, 1);
    Uuid id = maker.make(kNow_ms);
    EXPECT_EQ(id.bytes[6] >> 4, 7);
    EXPECT_EQ(id.bytes[8] >> 6, 2);
    EXPECT_EQ(click_id_ms(id), kNow_ms);
    EXPECT_EQ(to_string(id).substr(0, 13), "01934971-927b");
}

TEST(ClickId, TagIsTheLowHalfOfTheHashBigEndian) {
    Uuid id = ClickIdMaker(kKey, 1).make(kNow_ms);
    uint64_t hash = siphash24(kKey, id.bytes.data(), 12);
    for (size_t at = 0; at < 4; ++at) {
        EXPECT_EQ(id.bytes[12 + at], hash >> (8 * (3 - at)) & 0xff);
    }
}

TEST(ClickId, CountsUpWithinAMillisecond) {
    ClickIdMaker maker(kKey, 99);
    auto count = [](const Uuid& id) {
        uint64_t high = uint64_t{id.bytes[6] & 15u} << 8 | id.bytes[7];
        uint64_t low = __builtin_bswap32(load<uint32_t>(id.bytes.data() + 8)) & 0x3fffffff;
        return high << 30 | low;
    };
    uint64_t first = count(maker.make(kNow_ms));
    for (uint64_t step = 1; step < 1000; ++step) {
        EXPECT_EQ(count(maker.make(kNow_ms)), (first + step) & ((uint64_t{1} << 42) - 1));
    }
    EXPECT_NE(count(maker.make(kNow_ms + 1)), first + 1000);
}

TEST(ClickId, CountCarriesIntoTheUpperBits) {
    // A start whose low 30 bits run over within a few thousand ids.
    for (uint64_t seed = 0;; ++seed) {
        ClickIdMaker maker(kKey, seed);
        Uuid id = maker.make(kNow_ms);
        if (id.bytes[8] != 0xbf || id.bytes[9] != 0xff)
            continue;
        Uuid last = id;
        for (int step = 0; step < 70000; ++step) {
            id = maker.make(kNow_ms);
            ASSERT_EQ(id.bytes[8] >> 6, 2);
            ASSERT_EQ(id.bytes[6] >> 4, 7);
            ASSERT_NE(id, last);
            last = id;
        }
        EXPECT_EQ(id.bytes[8], 0x80);
        return;
    }
}

TEST(ClickId, NeverRepeatsWhateverTheClockDoes) {
    std::unordered_set<Uuid> seen;
    ClickIdMaker maker(kKey, 5);
    for (int round = 0; round < 200; ++round) {
        for (uint64_t back_ms : {0, 1, 5, 3, 0, 1}) {
            for (int repeat = 0; repeat < 50; ++repeat) {
                ASSERT_TRUE(seen.insert(maker.make(kNow_ms - back_ms)).second);
            }
        }
    }
}

TEST(ClickId, ProcessesDiffer) {
    std::unordered_set<Uuid> seen;
    for (uint64_t seed = 0; seed < 10000; ++seed) {
        ASSERT_TRUE(seen.insert(ClickIdMaker(kKey, seed).make(kNow_ms)).second);
    }
}

TEST(ClickId, VerifiesUnderAnyOfTheKeys) {
    SipKey other{1, 2};
    Uuid id = ClickIdMaker(kKey, 1).make(kNow_ms);
    EXPECT_TRUE(verify_click_id(id, std::vector{kKey}));
    EXPECT_TRUE(verify_click_id(id, std::vector{other, kKey}));
    EXPECT_FALSE(verify_click_id(id, std::vector{other}));
    EXPECT_FALSE(verify_click_id(id, {}));
}

TEST(ClickId, AnyChangedBitIsRefused) {
    std::vector keys{kKey};
    Uuid id = ClickIdMaker(kKey, 1).make(kNow_ms);
    for (size_t bit = 0; bit < 128; ++bit) {
        Uuid changed = id;
        changed.bytes[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
        EXPECT_FALSE(verify_click_id(changed, keys)) << bit;
    }
}

}  // namespace
}  // namespace coupon
