#include "core/uuid.hpp"

#include <gtest/gtest.h>

#include <unordered_set>

namespace coupon {
namespace {

constexpr std::string_view kText = "0190a6f2-1c3d-7abc-8def-0123456789ab";

TEST(Uuid, ReadsAndWritesCanonicalText) {
    auto uuid = parse_uuid(kText);
    ASSERT_TRUE(uuid);
    EXPECT_EQ(uuid->bytes[0], 0x01);
    EXPECT_EQ(uuid->bytes[6], 0x7a);
    EXPECT_EQ(uuid->bytes[15], 0xab);
    EXPECT_EQ(to_string(*uuid), kText);
}

TEST(Uuid, ReadsAnyCase) {
    EXPECT_EQ(parse_uuid("0190A6F2-1C3D-7ABC-8DEF-0123456789AB"), parse_uuid(kText));
    EXPECT_EQ(parse_uuid("0190a6F2-1c3D-7Abc-8deF-0123456789aB"), parse_uuid(kText));
}

TEST(Uuid, EveryByteSurvivesAtEveryPlace) {
    for (size_t place = 0; place < 16; ++place) {
        for (unsigned value = 0; value < 256; ++value) {
            Uuid uuid;
            uuid.bytes[place] = static_cast<uint8_t>(value);
            auto again = parse_uuid(to_string(uuid));
            ASSERT_TRUE(again);
            ASSERT_EQ(*again, uuid);
        }
    }
}

TEST(Uuid, RefusesEveryOtherCharacterAtEveryPlace) {
    for (size_t place = 0; place < kText.size(); ++place) {
        for (unsigned value = 0; value < 256; ++value) {
            std::string text(kText);
            char c = static_cast<char>(value);
            text[place] = c;
            bool dash = place == 8 || place == 13 || place == 18 || place == 23;
            bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
            ASSERT_EQ(parse_uuid(text).has_value(), dash ? c == '-' : digit)
                << "place " << place << " value " << value;
        }
    }
}

TEST(Uuid, RefusesOtherLengths) {
    EXPECT_FALSE(parse_uuid(""));
    EXPECT_FALSE(parse_uuid(kText.substr(1)));
    EXPECT_FALSE(parse_uuid(std::string(kText) + "0"));
    EXPECT_FALSE(parse_uuid("{0190a6f2-1c3d-7abc-8def-0123456789ab}"));
}

TEST(Uuid, SortsByBytesAndHashes) {
    Uuid low;
    Uuid high;
    high.bytes[0] = 1;
    low.bytes[15] = 255;
    EXPECT_LT(low, high);
    std::unordered_set<Uuid> set{low, high, low};
    EXPECT_EQ(set.size(), 2u);
}

}  // namespace
}  // namespace coupon
