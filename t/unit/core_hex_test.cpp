#include "core/hex.hpp"

#include <gtest/gtest.h>

namespace coupon {
namespace {

TEST(Hex, EncodesAndDecodes) {
    EXPECT_EQ(hex_encode(""), "");
    EXPECT_EQ(hex_encode(std::string_view("\x00\x7f\xff", 3)), "007fff");
    EXPECT_EQ(hex_decode("007FfF"), std::string("\x00\x7f\xff", 3));
    EXPECT_EQ(hex_decode(""), "");
}

TEST(Hex, RefusesHalfBytesAndOtherCharacters) {
    EXPECT_FALSE(hex_decode("0"));
    EXPECT_FALSE(hex_decode("0g"));
    EXPECT_FALSE(hex_decode("0x"));
    EXPECT_FALSE(hex_decode(" 0"));
}

}  // namespace
}  // namespace coupon
