#include "messages/money_text.hpp"

#include <gtest/gtest.h>

namespace coupon {
namespace {

using nlohmann::json;

TEST(MoneyTextTest, ReadsHundredthsOfNumbersAndTexts) {
    for (const json& same : {json(1234.5), json("1234.5"), json("1234.50"), json("1,234.50"),
                             json("₹1,234.50"), json("₹ 1,234.50"), json("Rs. 1234.50"),
                             json("Rs.1,234.50"), json("INR 1,234.5"), json(" 1234.500 ")}) {
        EXPECT_EQ(read_hundredths(same), 123450) << same;
    }
    EXPECT_EQ(read_hundredths("12,34,567"), 123456700);
    EXPECT_EQ(read_hundredths("1,234,567"), 123456700);
    EXPECT_EQ(read_hundredths(999999999999.99), 99999999999999);
    EXPECT_EQ(read_hundredths(0), 0);
}

TEST(MoneyTextTest, RoundsHalfUp) {
    EXPECT_EQ(read_hundredths("1.004"), 100);
    EXPECT_EQ(read_hundredths("1.005"), 101);
    EXPECT_EQ(read_hundredths("0.999"), 100);
    EXPECT_EQ(read_hundredths(2.675), 268);
}

TEST(MoneyTextTest, RefusesWhatMayMeanAnotherAmount) {
    for (const json& wrong :
         {json("12,50"),   json("1,2,3"), json(",123"), json("123,"),     json("1,2345"),
          json("1.2.3"),   json("1."),    json(".5"),   json("1e3"),      json(1e20),
          json(-5),        json("-5"),    json("+5"),   json(""),         json("₹"),
          json("five"),    json(true),    json(),       json::array({5}), json("1000000000000"),
          json("1.5 lakh")}) {
        EXPECT_EQ(read_hundredths(wrong), std::nullopt) << wrong;
    }
}

TEST(MoneyTextTest, GroupsAsItsReadersDo) {
    EXPECT_EQ(grouped_amount(7, true), "0.07");
    EXPECT_EQ(grouped_amount(99999, true), "999.99");
    EXPECT_EQ(grouped_amount(100000, true), "1,000.00");
    EXPECT_EQ(grouped_amount(123456750, true), "12,34,567.50");
    EXPECT_EQ(grouped_amount(123456750, false), "1,234,567.50");
    EXPECT_EQ(grouped_amount(1234567890123, true), "12,34,56,78,901.23");
}

}  // namespace
}  // namespace coupon
