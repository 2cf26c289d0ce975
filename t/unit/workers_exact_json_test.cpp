#include "runtime/exact_json.hpp"

#include <gtest/gtest.h>

#include <string>

using coupon::read_exact_json;

TEST(ExactJson, KeepsTheDigitsOfNumbers) {
    const auto read = read_exact_json(R"({"amount": 12.340})");
    ASSERT_TRUE(read);
    EXPECT_EQ((*read)["amount"], "12.340");
}

TEST(ExactJson, DoesNotEndAtAZeroByte) {
    EXPECT_FALSE(read_exact_json(std::string("17\0 18", 6)));
    EXPECT_FALSE(read_exact_json(std::string("{}\0", 3)));
    EXPECT_FALSE(read_exact_json(std::string("{\"a\":\"\0\"}", 9)));
}
