// The files that describe text messages.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "runtime/error.hpp"
#include "runtime/installation.hpp"
#include "sms/sms_template.hpp"

namespace coupon {
namespace {

using nlohmann::json;

json otp() {
    return {{"category", "transactional"},
            {"expires", true},
            {"variables",
             {{{"name", "otp"}, {"msg91", "OTP"}, {"kind", "digits"}, {"max", 6}, {"from", "otp"}},
              {{"name", "who"}, {"msg91", "who"}, {"kind", "text"}, {"from", {"name", "user"}}}}},
            {"text", "{{otp}} is for {{who}}, {{otp}}."}};
}

SmsTemplate parse(const json& file) {
    return parse_sms_template("otp", file.dump(), "/t/otp.json");
}

std::string refusal(const std::string& text) {
    try {
        parse_sms_template("otp", text, "/t/otp.json");
        return "taken";
    } catch (const ConfigError& error) {
        return error.what();
    }
}

TEST(SmsTemplateTest, ReadsWhatIsRegistered) {
    const auto known = parse(otp());
    EXPECT_EQ(known.type, "otp");
    EXPECT_FALSE(known.promotional);
    EXPECT_FALSE(known.whatsapp);
    EXPECT_TRUE(known.expires);
    ASSERT_EQ(known.variables.size(), 2u);
    EXPECT_EQ(known.variables[0].msg91, "OTP");
    EXPECT_EQ(known.variables[0].kind, VariableKind::digits);
    EXPECT_EQ(known.variables[0].characters_max, 6u);
    EXPECT_EQ(known.variables[1].characters_max, 30u);
    EXPECT_EQ(known.variables[1].from, (std::vector<std::string>{"name", "user"}));
    EXPECT_EQ(known.filled({"123456", "{{otp}}"}), "123456 is for {{otp}}, 123456.");
}

TEST(SmsTemplateTest, ReadsCategoryAndChannel) {
    auto file = otp();
    file["category"] = "promotional";
    file["channel"] = "whatsapp";
    EXPECT_TRUE(parse(file).promotional);
    EXPECT_TRUE(parse(file).whatsapp);
}

TEST(SmsTemplateTest, NamesFileAndMemberOfWhatIsWrong) {
    EXPECT_EQ(refusal("{"), "/t/otp.json: not a JSON object");
    const auto with = [](const char* pointer, const json& value) {
        auto file = otp();
        file[json::json_pointer(pointer)] = value;
        return refusal(file.dump());
    };
    EXPECT_EQ(with("/category", "service"),
              "/t/otp.json: category: neither transactional nor promotional");
    EXPECT_EQ(with("/channel", 7), "/t/otp.json: channel: not a text");
    EXPECT_EQ(with("/expires", "yes"), "/t/otp.json: expires: neither true nor false");
    EXPECT_EQ(with("/colour", "red"), "/t/otp.json: colour: not a member of a template");
    EXPECT_EQ(with("/text", ""), "/t/otp.json: text: not a text");
    EXPECT_EQ(with("/text", "{{otp}} {{who}} {{x}}"),
              "/t/otp.json: text: {{x}} is none of the variables");
    EXPECT_EQ(with("/text", "{{otp}} {{who}} {{"), "/t/otp.json: text: {{ without }}");
    EXPECT_EQ(with("/text", "{{otp}}"), "/t/otp.json: text: holds no {{who}}");
    EXPECT_EQ(with("/variables", 7), "/t/otp.json: variables: not a list");
    EXPECT_EQ(with("/variables/0", 7), "/t/otp.json: variables[0].name: missing");
    EXPECT_EQ(with("/variables/0/kind", "number"),
              "/t/otp.json: variables[0].kind: none of digits, code, amount, url and text");
    for (const auto& max : {json(0), json(31), json(-1), json("6"), json(1.5)}) {
        EXPECT_EQ(
            with("/variables/0/max", max),
            "/t/otp.json: variables[0].max: not a number of characters from 1 to 30, which is "
            "what DLT allows a variable");
    }
    EXPECT_EQ(with("/variables/1/from", json::array()),
              "/t/otp.json: variables[1].from: an empty list");
    EXPECT_EQ(
        with("/variables/1/setting", "SHOP_NAME"),
        "/t/otp.json: variables[1].from: exactly one of from and setting says where the value "
        "comes from");
    EXPECT_EQ(with("/variables/1/currency", "currency"),
              "/t/otp.json: variables[1].currency: only an amount has one");
    EXPECT_EQ(with("/variables/1/msg91", "OTP"), "/t/otp.json: variables: otp is named twice");
    EXPECT_EQ(with("/variables/1/msg91", "mobiles"),
              "/t/otp.json: variables: mobiles is what MSG91 calls the number");
    EXPECT_EQ(with("/text", "{{otp}}{{who}}" + std::string(1600, 'x')),
              "/t/otp.json: text: longer than 1600 characters");
    auto file = otp();
    file.erase("category");
    EXPECT_EQ(refusal(file.dump()), "/t/otp.json: category: missing");
}

class SmsTemplateFolderTest : public testing::Test {
  protected:
    void SetUp() override {
        ::setenv("SHOP_NAME", "The Shop", 1);
        std::string name = testing::TempDir() + "sms-templates-XXXXXX";
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        folder_ = name;
        std::filesystem::copy(shipped_templates() / "sms", folder_);
    }
    void TearDown() override {
        std::filesystem::remove_all(folder_);
        ::unsetenv("SHOP_NAME");
    }
    std::string refusal() const {
        try {
            load_sms_templates(folder_);
            return "loaded";
        } catch (const ConfigError& error) {
            return error.what();
        }
    }
    std::filesystem::path folder_;
};

TEST_F(SmsTemplateFolderTest, OursAreFineAndFitOneMessage) {
    const auto templates = load_sms_templates(folder_);
    EXPECT_EQ(templates.size(), 5u);
    for (const auto& [type, known] : templates) {
        EXPECT_FALSE(known.promotional) << type;
        EXPECT_EQ(known.expires, type == "otp");
        for (const char c : known.text) {
            EXPECT_TRUE(c >= ' ' && c < 0x7f) << type << ": a sign halves the length of a message";
        }
        std::vector<std::string> values;
        for (const auto& variable : known.variables) {
            values.emplace_back(std::min<std::size_t>(variable.characters_max, 15), '1');
        }
        EXPECT_LE(known.filled(values).size(), 160u) << type;
    }
}

TEST_F(SmsTemplateFolderTest, TheFiveOfTheShopMustBeThere) {
    std::filesystem::remove(folder_ / "voucher.json");
    EXPECT_EQ(refusal(), "TEMPLATE_DIR: " + folder_.string() + " holds no voucher.json");
    EXPECT_THROW(load_sms_templates(folder_ / "none"), ConfigError);
}

TEST_F(SmsTemplateFolderTest, OthersMayBeAdded) {
    std::ofstream(folder_ / "sale.json") << otp().dump();
    std::ofstream(folder_ / "README.md") << "not one of them";
    EXPECT_EQ(load_sms_templates(folder_).count("sale"), 1u);
    std::ofstream(folder_ / "Big Sale.json") << otp().dump();
    EXPECT_EQ(refusal(),
              (folder_ / "Big Sale.json").string() + ": a type is made of a-z, 0-9 and _");
}

TEST_F(SmsTemplateFolderTest, ASettingThatIsMissingIsNamed) {
    ::unsetenv("SHOP_NAME");
    EXPECT_EQ(refusal().rfind("SHOP_NAME is not set: it is what text messages say for {{shop}}", 0),
              0u);
    ::setenv("SHOP_NAME", "A shop whose name has no end at all", 1);
    EXPECT_EQ(refusal(), "SHOP_NAME: variable shop has 35 characters where DLT allows 30");
}

}  // namespace
}  // namespace coupon
