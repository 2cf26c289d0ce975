#include "core/webhook/form.hpp"

#include <gtest/gtest.h>

namespace coupon {
namespace {

using Fields = std::vector<FormField>;

TEST(WebhookForm, DecodesFieldsInTheirOrder) {
    EXPECT_EQ(parse_form("b=1&a=%C3%A4+%2B&a=&c&=d&e=f=g&%61b=%3d"),
              (Fields{{"b", "1"},
                      {"a", "\xc3\xa4 +"},
                      {"a", ""},
                      {"c", ""},
                      {"", "d"},
                      {"e", "f=g"},
                      {"ab", "="}}));
    EXPECT_EQ(parse_form(""), Fields{});
    EXPECT_EQ(parse_form("&&a=1&&"), (Fields{{"a", "1"}}));
    EXPECT_EQ(parse_form(std::string_view("a\0=\0%00", 7)),
              (Fields{{std::string("a\0", 2), std::string("\0\0", 2)}}));
}

TEST(WebhookForm, KeepsPerCentSignsThatStartNoByte) {
    for (const char* text : {"%", "%4", "%4g", "%g4", "100%", "%%", "%-1"})
        EXPECT_EQ(decode_form_text(text), text);
    EXPECT_EQ(decode_form_text("%%41%4"), "%A%4");
}

TEST(WebhookForm, BoundsItsFields) {
    std::string form = "a=1";
    for (size_t at = 1; at < kFormFieldsMax; ++at)
        form += "&a=1";
    ASSERT_TRUE(parse_form(form));
    EXPECT_EQ(parse_form(form)->size(), kFormFieldsMax);
    EXPECT_TRUE(parse_form(form + "&&&"));
    EXPECT_FALSE(parse_form(form + "&a"));
}

TEST(WebhookForm, FindsAFieldThatIsThereOnce) {
    Fields fields = {{"a", "1"}, {"b", "2"}, {"a", "3"}};
    size_t times = 7;
    EXPECT_EQ(only_field(fields, "a", times), nullptr);
    EXPECT_EQ(times, 2u);
    ASSERT_NE(only_field(fields, "b", times), nullptr);
    EXPECT_EQ(*only_field(fields, "b", times), "2");
    EXPECT_EQ(only_field(fields, "c", times), nullptr);
    EXPECT_EQ(times, 0u);
}

}  // namespace
}  // namespace coupon
