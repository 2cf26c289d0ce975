#include "core/crc32c.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace coupon {
namespace {

using Crc = uint32_t (*)(uint32_t, const void*, size_t) noexcept;

class Crc32c : public testing::TestWithParam<Crc> {};

TEST_P(Crc32c, MatchesRfc3720) {
    std::string zeros(32, '\0');
    std::string ones(32, '\xff');
    std::string up(32, '\0');
    std::string down(32, '\0');
    for (int at = 0; at < 32; ++at) {
        up[static_cast<size_t>(at)] = static_cast<char>(at);
        down[static_cast<size_t>(at)] = static_cast<char>(31 - at);
    }
    EXPECT_EQ(GetParam()(0, zeros.data(), zeros.size()), 0x8a9136aau);
    EXPECT_EQ(GetParam()(0, ones.data(), ones.size()), 0x62a8ab43u);
    EXPECT_EQ(GetParam()(0, up.data(), up.size()), 0x46dd794eu);
    EXPECT_EQ(GetParam()(0, down.data(), down.size()), 0x113fdb5cu);
    EXPECT_EQ(GetParam()(0, "123456789", 9), 0xe3069283u);
    EXPECT_EQ(GetParam()(0, "", 0), 0u);
}

TEST_P(Crc32c, ContinuesFromItsSeed) {
    std::string text = "a click, a segment, a sequence number and forty bytes of payload";
    uint32_t whole = GetParam()(0, text.data(), text.size());
    for (size_t cut = 0; cut <= text.size(); ++cut) {
        uint32_t first = GetParam()(0, text.data(), cut);
        EXPECT_EQ(GetParam()(first, text.data() + cut, text.size() - cut), whole);
    }
}

INSTANTIATE_TEST_SUITE_P(Both, Crc32c, testing::Values(&crc32c, &detail::crc32c_portable));

TEST(Crc32cVersions, AgreeOnEveryLengthAndAlignment) {
    std::mt19937 random(3);
    std::string bytes(700, '\0');
    for (char& c : bytes)
        c = static_cast<char>(random());
    for (size_t start = 0; start < 9; ++start) {
        for (size_t size = 0; size + start <= bytes.size(); ++size) {
            ASSERT_EQ(crc32c(17, bytes.data() + start, size),
                      detail::crc32c_portable(17, bytes.data() + start, size));
        }
    }
}

}  // namespace
}  // namespace coupon
