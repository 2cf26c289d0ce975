#include "core/decimal.hpp"

#include <gtest/gtest.h>

#include <random>

namespace coupon {
namespace {

std::string written(uint64_t value) {
    char room[kDecimalMaxBytes];
    return {room, write_decimal(room, value)};
}

TEST(Decimal, WritesEveryLength) {
    uint64_t power = 1;
    for (int digits = 1; digits <= 19; ++digits) {
        for (uint64_t value : {power - 1, power, power + 1, power * 9, power * 10 - 1}) {
            EXPECT_EQ(written(value), std::to_string(value));
        }
        power *= 10;
    }
    EXPECT_EQ(written(0), "0");
    EXPECT_EQ(written(UINT64_MAX), "18446744073709551615");
}

TEST(Decimal, WritesRandomValuesOfEverySize) {
    std::mt19937_64 random(7);
    for (int round = 0; round < 200000; ++round) {
        uint64_t value = random() >> (random() % 64);
        ASSERT_EQ(written(value), std::to_string(value));
    }
}

TEST(Decimal, WritesSignedValues) {
    for (int64_t value : {INT64_MIN, int64_t{-1}, int64_t{0}, int64_t{1}, INT64_MAX}) {
        char room[kDecimalMaxBytes + 1];
        EXPECT_EQ(std::string(room, write_decimal_signed(room, value)), std::to_string(value));
    }
}

TEST(Decimal, ParsesPositiveNumbersOnly) {
    EXPECT_EQ(parse_positive("1"), 1);
    EXPECT_EQ(parse_positive("9223372036854775807"), INT64_MAX);
    for (const char* bad : {"", "0", "01", "-1", "+1", " 1", "1 ", "1a", "9223372036854775808",
                            "9999999999999999999", "10000000000000000000"}) {
        EXPECT_FALSE(parse_positive(bad)) << bad;
    }
}

}  // namespace
}  // namespace coupon
