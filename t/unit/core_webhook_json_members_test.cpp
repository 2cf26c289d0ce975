#include "core/webhook/json_members.hpp"

#include <gtest/gtest.h>

namespace coupon {
namespace {

std::string text_of(std::string_view json) {
    auto members = parse_json_members(json);
    if (!members)
        return "refused";
    std::string text;
    for (const JsonMember& member : *members)
        text += member.name + (member.string ? "='" : "=") + member.value + ";";
    return text;
}

TEST(WebhookJsonMembers, ReadsTheScalarsOfTheTopLevel) {
    EXPECT_EQ(text_of(R"( {"s":"a\u00e4\n","n":12,"m":-3,"f":1.50,"big":12345678901234567890123,)"
                      R"("t":true,"z":null,"o":{"s":"inner"},"l":[1,"x"],"e":""} )"),
              "s='a\xc3\xa4\n;n=12;m=-3;f=1.50;big=12345678901234567890123;t=true;e=';");
    EXPECT_EQ(text_of("{}"), "");
}

TEST(WebhookJsonMembers, RefusesWhatIsNoObject) {
    for (const char* json : {"", "[]", "1", "\"s\"", "null", "true", "-1", "1.5", "{", "}", "{}{}",
                             "{\"a\":1,}", "{\"a\":1e999}", "{\"a\":\"\xff\"}", "\xef\xbb\xbf",
                             "{a:1}", "[{\"a\":1}]", "{\"a\"}", "{\"a\":NaN}"}) {
        EXPECT_EQ(text_of(json), "refused") << json;
    }
}

TEST(WebhookJsonMembers, RefusesANameTwice) {
    for (const char* json :
         {R"({"a":1,"a":1})", R"({"a":null,"a":1})", R"({"a":1,"b":2,"\u0061":{}})"}) {
        EXPECT_EQ(text_of(json), "refused") << json;
    }
    EXPECT_EQ(text_of(R"({"a":{"a":1,"a":2},"A":3})"), "A=3;");
}

TEST(WebhookJsonMembers, BoundsDepthAndMembers) {
    auto nested = [](size_t depth) {
        return "{\"a\":" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
    };
    EXPECT_EQ(text_of(nested(kJsonDepthMax)), "");
    EXPECT_EQ(text_of(nested(kJsonDepthMax + 1)), "refused");
    EXPECT_EQ(text_of(nested(500'000)), "refused");
    std::string many = "{\"m0\":0";
    for (size_t at = 1; at < kJsonMembersMax; ++at)
        many += ",\"m" + std::to_string(at) + "\":0";
    EXPECT_NE(text_of(many + "}"), "refused");
    EXPECT_EQ(text_of(many + ",\"one more\":0}"), "refused");
}

TEST(WebhookJsonMembers, FindsStringsOnly) {
    auto members = parse_json_members(R"({"s":"x","n":1})");
    ASSERT_TRUE(members);
    EXPECT_EQ(*string_member(*members, "s"), "x");
    EXPECT_EQ(string_member(*members, "n"), nullptr);
    EXPECT_EQ(string_member(*members, "absent"), nullptr);
}

}  // namespace
}  // namespace coupon
