#include "sms/phone_number.hpp"

#include <gtest/gtest.h>

#include <random>

#include "runtime/retry_policy.hpp"

namespace coupon {
namespace {

std::string refusal(const std::string& text) {
    try {
        return "taken as " + e164_number(text, "91");
    } catch (const PermanentFailure& failure) {
        return failure.what();
    }
}

TEST(PhoneNumberTest, BringsTheUsualFormsToOne) {
    for (const char* text : {"+919876543210", "+91 98765 43210", "+91-98765-43210",
                             "+91 (98765) 43210", "00919876543210", "0091 98765-43210",
                             "9876543210", "98765 43210", "919876543210", " 98765.43210 "}) {
        EXPECT_EQ(e164_number(text, "91"), "+919876543210") << text;
    }
    EXPECT_EQ(e164_number("6000000000", "91"), "+916000000000");
    EXPECT_EQ(e164_number("9876543210", "880"), "+8809876543210");
    EXPECT_EQ(e164_number("+15005550006", "91"), "+15005550006");
}

TEST(PhoneNumberTest, TakesEightToFifteenDigits) {
    for (std::size_t count = 1; count <= 20; ++count) {
        const std::string digits(count, '4');
        if (count >= 8 && count <= 15) {
            EXPECT_EQ(e164_number("+" + digits, "91"), "+" + digits);
        } else {
            EXPECT_THROW(e164_number("+" + digits, "91"), PermanentFailure) << count;
        }
    }
}

TEST(PhoneNumberTest, RefusesWhatMayBeSomebodyElse) {
    for (const char* text :
         {"", " ", "+", "00", "asha@example.com", "+91987654321x", "++919876543210", "5876543210",
          "09876543210", "987654321", "98765432101", "+0919876543210", "000919876543210",
          "whatsapp:+919876543210", "+91\0009876543210", "+91 9876543210;+91 9876543211",
          "９８７６５４３２１０"}) {
        EXPECT_THROW(e164_number(text, "91"), PermanentFailure) << text;
    }
}

TEST(PhoneNumberTest, SaysWhyWithoutTheNumber) {
    EXPECT_EQ(refusal("5876543210"),
              "\"to\" (ends in 10) is no phone number: it has 10 digits and no country code before "
              "them; give + and 8 to 15 digits that begin with the country code");
    for (const char* text : {"5876543210", "+9876543", "asha9876543210@example.com", "+0987654321",
                             "12345678901234567890"}) {
        const auto said = refusal(text);
        EXPECT_NE(said.find("is no phone number"), std::string::npos) << said;
        EXPECT_EQ(said.find("8765"), std::string::npos) << said;
        EXPECT_EQ(said.find("example"), std::string::npos) << said;
        EXPECT_EQ(said.find("5678"), std::string::npos) << said;
    }
}

TEST(PhoneNumberTest, DoesNotCareWhatStandsBetweenDigits) {
    std::mt19937 random(11);
    constexpr std::string_view fillers = " -().[]/";
    for (int round = 0; round < 5000; ++round) {
        std::string number = std::to_string(1 + random() % 9);
        const auto more = 7 + random() % 8;
        for (std::size_t digit = 0; digit < more; ++digit) {
            number += static_cast<char>('0' + random() % 10);
        }
        std::string written = random() % 2 == 0 ? "+" : "00";
        for (const char digit : number) {
            written += digit;
            if (random() % 3 == 0) {
                written += fillers[random() % fillers.size()];
            }
        }
        ASSERT_EQ(e164_number(written, "91"), "+" + number) << written;
    }
}

TEST(PhoneNumberTest, KnowsCountryCodes) {
    for (const char* code : {"1", "91", "880"}) {
        EXPECT_TRUE(is_country_code(code)) << code;
    }
    for (const char* code : {"", "0", "091", "+91", "9111", "IN"}) {
        EXPECT_FALSE(is_country_code(code)) << code;
    }
}

}  // namespace
}  // namespace coupon
