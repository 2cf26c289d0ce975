#include "core/click_json.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace coupon {
namespace {

const nlohmann::json kSmallest = {
    {"v", 1}, {"id", "01934971-927b-7898-afeb-6e96738fe9ca"}, {"offer", 5}};

std::string refusal(const std::string& json) {
    ParsedClick click;
    std::string reason;
    EXPECT_FALSE(parse_click(json, click, reason)) << json;
    return reason;
}

std::string refusal_with(const char* key, nlohmann::json value) {
    nlohmann::json json = kSmallest;
    json[key] = std::move(value);
    return refusal(json.dump());
}

ParsedClick accepted(const nlohmann::json& json) {
    ParsedClick click;
    std::string reason;
    EXPECT_TRUE(parse_click(json.dump(), click, reason)) << reason;
    return click;
}

ParsedClick accepted_with(const char* key, nlohmann::json value) {
    nlohmann::json json = kSmallest;
    json[key] = std::move(value);
    return accepted(json);
}

TEST(ClickJson, NeedsVersionIdAndOffer) {
    ParsedClick click = accepted(kSmallest);
    EXPECT_EQ(to_string(click.id), "01934971-927b-7898-afeb-6e96738fe9ca");
    EXPECT_EQ(click.offer, 5);
    EXPECT_FALSE(click.segment || click.seq || click.merchant || click.user || click.device ||
                 click.offer_uuid);
    EXPECT_EQ(refusal(R"({"id":"01934971-927b-7898-afeb-6e96738fe9ca","offer":5})"),
              "v is missing");
    EXPECT_EQ(refusal(R"({"v":1,"offer":5})"), "id is missing");
    EXPECT_EQ(refusal(R"({"v":1,"id":"01934971-927b-7898-afeb-6e96738fe9ca"})"),
              "offer is missing");
    EXPECT_EQ(refusal_with("v", 2), "v is not 1");
}

TEST(ClickJson, RefusesWhatIsNoObject) {
    for (const char* text : {"[]", "1", "\"x\"", "null", "true", "1.5", "-1", "[{}]"}) {
        EXPECT_EQ(refusal(text), "not a json object") << text;
    }
    for (const char* text :
         {"", "{", "{\"v\":1", "{}{}", "{\"v\":1,}", "{'v':1}", "\xff", "{\"ua\":\"\xff\"}"}) {
        EXPECT_EQ(refusal(text).rfind("not valid json at byte ", 0), 0u) << text << refusal(text);
    }
    EXPECT_EQ(refusal("{}"), "v is missing");
}

TEST(ClickJson, RefusesOtherTypesByName) {
    for (const char* key : {"v", "ts", "offer", "merchant", "user", "seq"}) {
        for (const nlohmann::json& value :
             {nlohmann::json("1"), nlohmann::json(-1), nlohmann::json(1.5), nlohmann::json(true),
              nlohmann::json(nullptr), nlohmann::json::array(), nlohmann::json::object()}) {
            EXPECT_EQ(refusal_with(key, value),
                      std::string(key) + " has another type than expected")
                << value;
        }
    }
    for (const char* key : {"id", "ou", "ip", "ua", "ref", "device", "c", "rid", "edge", "seg"}) {
        for (const nlohmann::json& value :
             {nlohmann::json(1), nlohmann::json(-1), nlohmann::json(false), nlohmann::json(nullptr),
              nlohmann::json::array({"x"}), nlohmann::json::object()}) {
            EXPECT_EQ(refusal_with(key, value),
                      std::string(key) + " has another type than expected")
                << value;
        }
    }
    for (const nlohmann::json& value :
         {nlohmann::json("bot"), nlohmann::json(1), nlohmann::json::object(),
          nlohmann::json::array({1}), nlohmann::json::array({nlohmann::json::array()})}) {
        EXPECT_EQ(refusal_with("flags", value), "flags has another type than expected") << value;
    }
}

TEST(ClickJson, RefusesValuesThatDoNotFitTheirColumns) {
    EXPECT_EQ(refusal_with("offer", 0), "offer is out of range");
    EXPECT_EQ(refusal_with("user", uint64_t{1} << 63), "user is out of range");
    EXPECT_EQ(refusal_with("merchant", UINT64_MAX), "merchant is out of range");
    EXPECT_EQ(refusal_with("id", "x"), "id is not a uuid");
    EXPECT_EQ(refusal_with("id", "01934971-927b-4898-afeb-6e96738fe9ca"),
              "id is not a version 7 uuid");
    EXPECT_EQ(refusal_with("id", "01934971-927b-7898-cfeb-6e96738fe9ca"),
              "id is not a version 7 uuid");
    EXPECT_EQ(refusal_with("ou", ""), "ou is not a uuid");
    EXPECT_EQ(refusal_with("ip", "300.1.1.1"), "ip is not an address");
    EXPECT_EQ(refusal_with("ip", "1.1.1.1'; --"), "ip is not an address");
    EXPECT_EQ(refusal_with("device", "phone"), "device is none of desktop, mobile, tablet, bot");
    EXPECT_EQ(refusal_with("flags", {"Bot"}), "flags are not a few lower-case names");
    EXPECT_EQ(refusal_with("flags", {""}), "flags are not a few lower-case names");
    EXPECT_EQ(refusal_with("flags", nlohmann::json(std::vector<std::string>(17, "bot"))),
              "flags are not a few lower-case names");
    EXPECT_EQ(refusal_with("seg", "3f0c9c2e-5b7e-4d55-9d6a-3b1d8a2f7c11"),
              "seg and seq do not come together");
    EXPECT_EQ(refusal_with("seq", 1), "seg and seq do not come together");
    EXPECT_EQ(refusal_with("seq", uint64_t{1} << 63), "seq is out of range");
}

TEST(ClickJson, RejectsStillTellSegmentAndSeq) {
    nlohmann::json json = kSmallest;
    json["device"] = "phone";
    json["ip"] = 5;
    json["seg"] = "3f0c9c2e-5b7e-4d55-9d6a-3b1d8a2f7c11";
    json["seq"] = 9;
    ParsedClick click;
    std::string reason;
    EXPECT_FALSE(parse_click(json.dump(), click, reason));
    ASSERT_TRUE(click.segment && click.seq);
    EXPECT_EQ(to_string(*click.segment), "3f0c9c2e-5b7e-4d55-9d6a-3b1d8a2f7c11");
    EXPECT_EQ(click.seq, 9u);
}

TEST(ClickJson, IgnoresUnknownMembers) {
    accepted_with("future", 1);
    accepted_with("future", nullptr);
    accepted_with("future", "x");
    accepted_with("future", {{"id", 5}, {"seq", {1, 2, {{"offer", "x"}}}}});
    EXPECT_EQ(accepted_with("future", {{"offer", 7}}).offer, 5);
    EXPECT_EQ(accepted_with("flags", {"from_the_future"}).flags,
              std::vector<std::string>{"from_the_future"});
}

TEST(ClickJson, MakesTextFitForPostgres) {
    EXPECT_EQ(accepted_with("ua", std::string("a\0b", 3)).ua,
              "a\xef\xbf\xbd"
              "b");
    EXPECT_EQ(accepted_with("ref", std::string(5000, 'x')).ref.size(), 1024u);
    EXPECT_EQ(accepted_with("edge", std::string(5000, 'x')).edge.size(), 256u);
    EXPECT_EQ(accepted_with("c", std::string(65, 'x')).frontend_click_id, "");
    EXPECT_EQ(accepted_with("c", "a\n").frontend_click_id, "");
    EXPECT_EQ(accepted_with("ip", "unix:").ip, "");
    EXPECT_EQ(accepted_with("ip", "").ip, "");
    EXPECT_EQ(accepted_with("ip", "2001:db8::1").ip, "2001:db8::1");
}

TEST(ClickJson, DeepNestingIsSafe) {
    std::string deep = R"({"v":1,"id":"01934971-927b-7898-afeb-6e96738fe9ca","offer":5,"x":)" +
                       std::string(200000, '[') + std::string(200000, ']') + "}";
    ParsedClick click;
    std::string reason;
    EXPECT_TRUE(parse_click(deep, click, reason)) << reason;
    EXPECT_EQ(refusal(std::string(200000, '[')), "not a json object");
}

TEST(ClickJson, ForgetsTheRecordBefore) {
    ParsedClick click;
    std::string reason;
    nlohmann::json json = kSmallest;
    json["user"] = 4;
    json["flags"] = {"bot"};
    ASSERT_TRUE(parse_click(json.dump(), click, reason));
    ASSERT_FALSE(parse_click("{", click, reason));
    ASSERT_TRUE(parse_click(kSmallest.dump(), click, reason));
    EXPECT_FALSE(click.user);
    EXPECT_TRUE(click.flags.empty());
    EXPECT_EQ(reason, "");
}

}  // namespace
}  // namespace coupon
