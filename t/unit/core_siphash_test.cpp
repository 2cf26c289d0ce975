#include "core/siphash.hpp"

#include <gtest/gtest.h>

namespace coupon {
namespace {

// Key 00 01 … 0f, messages of 0…15 bytes 00 01 …, from the reference implementation's vectors.
constexpr SipKey kKey{0x0706050403020100, 0x0f0e0d0c0b0a0908};
constexpr uint64_t kVectors[] = {
    0x726fdb47dd0e0e31, 0x74f839c593dc67fd, 0x0d6c8009d9a94f5a, 0x85676696d7fb7e2d,
    0xcf2794e0277187b7, 0x18765564cd99a68d, 0xcbc9466e58fee3ce, 0xab0200f58b01d137,
    0x93f5f5799a932462, 0x9e0082df0ba9e4b0, 0x7a5dbbc594ddb9f3, 0xf4b32f46226bada7,
    0x751e8fbc860ee5fb, 0x14ea5627c0843d90, 0xf723ca908e7af2ee, 0xa129ca6149be45e5,
};

TEST(SipHash, MatchesTheReferenceVectors) {
    unsigned char message[16];
    for (unsigned char at = 0; at < 16; ++at)
        message[at] = at;
    for (size_t size = 0; size < 16; ++size) {
        EXPECT_EQ(siphash24(kKey, message, size), kVectors[size]) << size;
    }
}

TEST(SipHash, DependsOnBothKeyWords) {
    uint64_t hash = siphash24(kKey, "coupon", 6);
    EXPECT_NE(siphash24({kKey.k0 + 1, kKey.k1}, "coupon", 6), hash);
    EXPECT_NE(siphash24({kKey.k0, kKey.k1 + 1}, "coupon", 6), hash);
}

}  // namespace
}  // namespace coupon
