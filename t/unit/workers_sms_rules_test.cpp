// What DLT demands: of variables, of senders, and of the time of day.
#include <gtest/gtest.h>

#include <ctime>
#include <random>

#include "runtime/retry_policy.hpp"
#include "sms/dlt_rules.hpp"
#include "sms/variable_values.hpp"

namespace coupon {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

SmsTemplate with(VariableKind kind, std::size_t characters_max = 30) {
    SmsTemplate known;
    known.variables.push_back({"value",
                               "VALUE",
                               kind,
                               characters_max,
                               {"field", "other"},
                               kind == VariableKind::amount ? "currency" : "",
                               std::nullopt});
    return known;
}

std::string value(VariableKind kind, const json& data, std::size_t characters_max = 30) {
    return variable_values(with(kind, characters_max), data).at(0);
}

std::string refusal(VariableKind kind, const json& data, std::size_t characters_max = 30) {
    try {
        return "taken as " + value(kind, data, characters_max);
    } catch (const PermanentFailure& failure) {
        return failure.what();
    }
}

TEST(SmsVariableTest, ReadsEachKind) {
    EXPECT_EQ(value(VariableKind::digits, {{"field", "004821"}}), "004821");
    EXPECT_EQ(value(VariableKind::digits, {{"field", 482913}}), "482913");
    EXPECT_EQ(value(VariableKind::code, {{"field", "ORD-1_2/3"}}), "ORD-1_2/3");
    EXPECT_EQ(value(VariableKind::code, {{"field", 42}}), "42");
    EXPECT_EQ(value(VariableKind::text, {{"field", "  Ásha Rao "}}), "Ásha Rao");
    EXPECT_EQ(value(VariableKind::url, {{"field", "https://shop.test/a?b=c"}}),
              "https://shop.test/a?b=c");
    EXPECT_EQ(value(VariableKind::code, {{"other", "second choice"}, {"field", "first"}}), "first");
    EXPECT_EQ(value(VariableKind::code, {{"field", nullptr}, {"other", "next"}}), "next");
    EXPECT_EQ(value(VariableKind::code, {{"field", " "}, {"other", "next"}}), "next");
}

TEST(SmsVariableTest, ReadsCodesAsOrdersHoldThem) {
    EXPECT_EQ(value(VariableKind::code, {{"field", {"AMZN-1"}}}), "AMZN-1");
    EXPECT_EQ(value(VariableKind::code, {{"field", {"AMZN-1", "AMZN-2", "AMZN-3"}}}),
              "AMZN-1 and 2 more");
    EXPECT_EQ(value(VariableKind::code, {{"field", {{{"code", "AMZN-1"}, {"pin", "1"}}}}}),
              "AMZN-1");
    for (const json& wrong :
         {json::array({""}), json::array({nullptr}), json("A B"), json("A\nB"), json(true),
          json(1.5), json::object({{"pin", "1"}}), json::array({json::array({"A"})})}) {
        EXPECT_TRUE(refusal(VariableKind::code, {{"field", wrong}})
                        .starts_with("variable value (data.field) is no"))
            << wrong;
    }
}

TEST(SmsVariableTest, WritesAmountsExactly) {
    EXPECT_EQ(value(VariableKind::amount, {{"field", "1234.5"}}), "Rs.1,234.50");
    EXPECT_EQ(value(VariableKind::amount, {{"field", 1234.5}}), "Rs.1,234.50");
    EXPECT_EQ(value(VariableKind::amount, {{"field", 170.10}}), "Rs.170.10");
    EXPECT_EQ(value(VariableKind::amount, {{"field", 0.07}}), "Rs.0.07");
    EXPECT_EQ(value(VariableKind::amount, {{"field", 500}}), "Rs.500.00");
    EXPECT_EQ(value(VariableKind::amount, {{"field", "₹1,234.50"}}), "Rs.1,234.50");
    EXPECT_EQ(value(VariableKind::amount, {{"field", "12345678.00"}, {"currency", "INR"}}),
              "Rs.1,23,45,678.00");
    EXPECT_EQ(value(VariableKind::amount, {{"field", "12345678.00"}, {"currency", "USD"}}),
              "USD 12,345,678.00");
    for (const json& wrong :
         {json("12,50"), json("many"), json(""), json(true), json(-1), json("-1.00"), json(1e30),
          json("1e3"), json("0x1"), json({{"amount", 1}})}) {
        const auto said = refusal(VariableKind::amount, {{"field", wrong}});
        EXPECT_TRUE(
            said ==
                "variable value (data.field) is no amount: give 1234.50 as a number or a text" ||
            said == "variable value (data.field) is missing")
            << wrong << ": " << said;
    }
    EXPECT_NE(
        refusal(VariableKind::amount, {{"field", 1}, {"currency", "rupees"}}).find("data.currency"),
        std::string::npos);
}

TEST(SmsVariableTest, EveryAmountKeepsItsPaise) {
    std::mt19937_64 random(5);
    for (int round = 0; round < 20000; ++round) {
        const auto paise = random() % 10'000'000'000ULL;
        auto text = std::to_string(paise / 100) + (paise % 100 < 10 ? ".0" : ".") +
                    std::to_string(paise % 100);
        auto written = value(VariableKind::amount, {{"field", json::parse(text)}});
        std::erase(written, ',');
        ASSERT_EQ(written, "Rs." + text);
    }
}

TEST(SmsVariableTest, LimitsCharactersNotBytes) {
    EXPECT_EQ(value(VariableKind::text, {{"field", std::string(30, 'x')}}).size(), 30u);
    EXPECT_EQ(value(VariableKind::text, {{"field", "ééééé"}}, 5), "ééééé");
    EXPECT_EQ(refusal(VariableKind::text, {{"field", std::string(31, 'x')}}),
              "variable value (data.field) has 31 characters where DLT allows 30");
    EXPECT_EQ(refusal(VariableKind::code, {{"field", {"0123456789012345678901", "B"}}}),
              "variable value (data.field) has 33 characters where DLT allows 30");
    EXPECT_EQ(refusal(VariableKind::digits, {{"field", "1234567"}}, 6),
              "variable value (data.field) has 7 characters where DLT allows 6");
}

TEST(SmsVariableTest, NamesWhatIsMissing) {
    for (const json& data :
         {json::object(), json{{"field", nullptr}}, json{{"field", ""}}, json{{"field", "  "}},
          json{{"field", json::array()}}, json(), json::array(), json("text")}) {
        EXPECT_EQ(refusal(VariableKind::code, data), "variable value (data.field) is missing")
            << data;
    }
}

TEST(SmsVariableTest, RefusesLinksThatAreNone) {
    for (const char* link : {"ftp://shop.test/", "javascript:alert(1)", "//shop.test", "shop.test",
                             "https://", "https://user@shop.test/", "https://shop.test/a b"}) {
        EXPECT_EQ(refusal(VariableKind::url, {{"field", link}}),
                  "variable value (data.field) is no http or https link")
            << link;
    }
    EXPECT_EQ(refusal(VariableKind::text, {{"field", "see https://a.test"}}),
              "variable value (data.field) holds a link, which only a variable of kind url may");
    EXPECT_EQ(refusal(VariableKind::text, {{"field", "two\nlines"}}),
              "variable value (data.field) holds a control character");
}

TEST(SmsVariableTest, NeverSaysTheValue) {
    const std::string secret = "SECRET48291";
    for (const auto kind : {VariableKind::digits, VariableKind::code, VariableKind::amount,
                            VariableKind::url, VariableKind::text}) {
        for (const json& wrong : {json(secret + " \n"), json(secret + std::string(40, '!')),
                                  json::array({secret + " x"}), json{{secret, secret}}}) {
            const auto said = refusal(kind, {{"field", wrong}});
            EXPECT_EQ(said.find("48291"), std::string::npos) << said;
            EXPECT_EQ(said.find("taken"), std::string::npos) << said;
        }
    }
}

TEST(DltSenderTest, SixLettersOrSixDigits) {
    EXPECT_TRUE(is_sender_id("COUPON", false));
    EXPECT_TRUE(is_sender_id("650001", true));
    for (const char* sender : {"", "COUPO", "COUPONS", "COUP0N", "650001", "COU-ON"}) {
        EXPECT_FALSE(is_sender_id(sender, false)) << sender;
    }
    for (const char* sender : {"", "65000", "6500011", "65000A", "COUPON"}) {
        EXPECT_FALSE(is_sender_id(sender, true)) << sender;
    }
}

std::int64_t utc_ms(int year, int month, int day, int hour, int minute, int second = 0) {
    std::tm parts{};
    parts.tm_year = year - 1900;
    parts.tm_mon = month - 1;
    parts.tm_mday = day;
    parts.tm_hour = hour;
    parts.tm_min = minute;
    parts.tm_sec = second;
    return static_cast<std::int64_t>(::timegm(&parts)) * 1000;
}

TEST(PromotionalHoursTest, OpenAtTenAndCloseAtNineInIndia) {
    EXPECT_EQ(until_promotional_hours(utc_ms(2026, 11, 21, 4, 30)).count(), 0);  // 10:00:00 IST
    EXPECT_EQ(until_promotional_hours(utc_ms(2026, 11, 21, 4, 29, 59)), milliseconds(1000));
    EXPECT_EQ(until_promotional_hours(utc_ms(2026, 11, 21, 15, 30) - 1).count(),
              0);  // 20:59:59.999
    EXPECT_EQ(until_promotional_hours(utc_ms(2026, 11, 21, 15, 30)), std::chrono::hours(13));
    EXPECT_EQ(until_promotional_hours(utc_ms(2026, 11, 21, 18, 30)),
              std::chrono::hours(10));  // midnight
}

TEST(PromotionalHoursTest, LeadIntoTheNextMonthAndYear) {
    struct Night {
        std::int64_t now, opens;
    };
    for (const auto& [now, opens] :
         {Night{utc_ms(2026, 11, 30, 17, 0), utc_ms(2026, 12, 1, 4, 30)},
          Night{utc_ms(2026, 12, 31, 23, 59), utc_ms(2027, 1, 1, 4, 30)},
          Night{utc_ms(2027, 2, 28, 20, 0), utc_ms(2027, 3, 1, 4, 30)},
          Night{utc_ms(2028, 2, 28, 20, 0), utc_ms(2028, 2, 29, 4, 30)}}) {
        EXPECT_EQ(now + until_promotional_hours(now).count(), opens);
    }
}

TEST(PromotionalHoursTest, AreKeptAtAnyTime) {
    std::mt19937_64 random(3);
    for (int round = 0; round < 100000; ++round) {
        const auto now = static_cast<std::int64_t>(random() % 4'000'000'000'000ULL);
        const auto wait = until_promotional_hours(now).count();
        ASSERT_GE(wait, 0);
        ASSERT_LE(wait, 13 * 3'600'000);
        const auto of_day = (now + wait + 19'800'000) % 86'400'000;
        if (wait == 0) {
            ASSERT_GE(of_day, 36'000'000);
            ASSERT_LT(of_day, 75'600'000);
        } else {
            ASSERT_EQ(of_day, 36'000'000);
        }
    }
}

}  // namespace
}  // namespace coupon
