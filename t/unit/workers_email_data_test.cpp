// What producers write, in all its shapes, becomes what templates know.
#include <gtest/gtest.h>
#include <stdlib.h>

#include "email/amount_text.hpp"
#include "email/date_text.hpp"
#include "email/mail_composer.hpp"
#include "email/mail_types.hpp"
#include "email/template_data.hpp"
#include "email/voucher_list.hpp"
#include "runtime/error.hpp"
#include "runtime/retry_policy.hpp"

namespace coupon {
namespace {

using nlohmann::json;

constexpr std::int64_t now_s = 1'795'000'000;  // in November 2026

const TemplateDefaults defaults{"Shop", "https://shop.example", "INR", 2026};

TEST(EmailData, AmountsAreNumbersOrTexts) {
    EXPECT_EQ(amount_text("amount", 1499.5, "INR"), "₹1,499.50");
    EXPECT_EQ(amount_text("amount", "123456.5", "INR"), "₹1,23,456.50");
    EXPECT_EQ(amount_text("amount", 1234567, "USD"), "$1,234,567.00");
    EXPECT_EQ(amount_text("amount", "10000000.00", "BDT"), "৳1,00,00,000.00");
    EXPECT_EQ(amount_text("amount", 5, "NPR"), "NPR 5.00");
    EXPECT_EQ(amount_text("amount", "0.05", "INR"), "₹0.05");
    for (const json& wrong :
         {json("a lot"), json("1e9"), json::object(), json(true), json("12,50")}) {
        try {
            ADD_FAILURE() << amount_text("total_amount", wrong, "INR");
        } catch (const PermanentFailure& failure) {
            EXPECT_TRUE(std::string(failure.what()).starts_with("total_amount is no amount"));
        }
    }
    EXPECT_THROW(amount_text("amount", 1, "rupees"), PermanentFailure);
}

TEST(EmailData, TheCurrencyIsTheDatasOrTheShops) {
    EXPECT_EQ(template_data("cashback_credited", {{"amount", 1}}, defaults)["amount"], "₹1.00");
    EXPECT_EQ(template_data("cashback_credited", {{"amount", 1}, {"currency", "usd"}},
                            defaults)["amount"],
              "$1.00");
    EXPECT_THROW(template_data("cashback_credited", {{"amount", 1}, {"currency", 5}}, defaults),
                 PermanentFailure);
}

TEST(EmailData, OtherNamesMeanTheSame) {
    const auto data = template_data(
        "cashback_credited", {{"cashback_amount", "5"}, {"merchant_name", "M"}, {"full_name", "N"}},
        defaults);
    EXPECT_EQ(data["amount"], "₹5.00");
    EXPECT_EQ(data["merchant"], "M");
    EXPECT_EQ(data["name"], "N");
    EXPECT_EQ(template_data("otp", {{"otp", ""}, {"code", 42}}, defaults)["otp"], 42);
    // A code of an order is no one-time password.
    EXPECT_FALSE(template_data("welcome", {{"code", 42}}, defaults).contains("otp"));
}

TEST(EmailData, WhatEveryTemplateHasIsTheShopsWord) {
    const auto data = template_data(
        "otp", {{"shop_name", "Evil"}, {"shop_url", "https://evil.example"}, {"year", 1}},
        defaults);
    EXPECT_EQ(data["shop_name"], "Shop");
    EXPECT_EQ(data["shop_url"], "https://shop.example");
    EXPECT_EQ(data["year"], "2026");
    EXPECT_THROW(template_data("otp", json::array(), defaults), PermanentFailure);
    EXPECT_THROW(template_data("otp", {{"name", "A\r\nBcc: x@y.z"}}, defaults), PermanentFailure);
}

TEST(EmailData, ANameThatIsNoneIsLeftOut) {
    for (const auto* name :
         {"Win at https://evil.example", "WWW.evil", "a/b", "asha@example.com", "Go to evil.co now",
          "\u202eAsha", "As\u200bha", "Asha\u2066", "evil.example"}) {
        EXPECT_EQ(template_data("otp", {{"name", name}}, defaults)["name"], json()) << name;
    }
    const std::string sixty(60, 'a');
    EXPECT_EQ(template_data("otp", {{"name", sixty + "a"}}, defaults)["name"], json());
    for (const auto& name : {sixty, std::string("A. P. J. Abdul"), std::string("Dr. Rao"),
                             std::string("ক্‌ষ"), std::string("O'Neill, अंजलि 😀")}) {
        EXPECT_EQ(template_data("otp", {{"name", name}}, defaults)["name"], name);
    }
}

TEST(EmailData, WhetherThereAreVouchersIsOurWord) {
    EXPECT_FALSE(
        template_data("otp", {{"has_vouchers", {1, 2}}}, defaults).contains("has_vouchers"));
}

TEST(EmailData, VouchersInEveryShape) {
    const auto vouchers = voucher_list({"A-1",
                                        42,
                                        nullptr,
                                        {{"voucher_code", "B"},
                                         {"voucher_pin", 12},
                                         {"product_name", "Card"},
                                         {"expiry", "2026-12-31"}}});
    ASSERT_EQ(vouchers.size(), 3U);
    EXPECT_EQ(vouchers[0]["code"], "A-1");
    EXPECT_TRUE(vouchers[0]["pin"].is_null());
    EXPECT_EQ(vouchers[1]["code"], "42");
    EXPECT_EQ(
        vouchers[2],
        (json{{"code", "B"}, {"pin", "12"}, {"product", "Card"}, {"expires_at", "31 Dec 2026"}}));
    EXPECT_EQ(voucher_list("ONE")[0]["code"], "ONE");
    EXPECT_EQ(voucher_list({{"code", "ONE"}})[0]["code"], "ONE");
    EXPECT_TRUE(voucher_list(nullptr).empty());
    for (const json& wrong :
         {json{"A", ""}, json{"A", {{"pin", "secret"}}}, json{"A", json::array()}}) {
        try {
            ADD_FAILURE() << voucher_list(wrong);
        } catch (const PermanentFailure& failure) {
            EXPECT_STREQ(failure.what(), "vouchers[1] has no code");
        }
    }
}

TEST(EmailData, ADayIsTheOneThatWasWritten) {
    EXPECT_EQ(date_text("2026-12-31"), "31 Dec 2026");
    EXPECT_EQ(date_text("2026-01-05T23:59:59+05:30"), "5 Jan 2026");
    EXPECT_EQ(date_text("2026-01-05T18:29:59Z"), "5 Jan 2026");
    EXPECT_EQ(date_text(1'798'675'200), "31 Dec 2026");
    EXPECT_EQ(date_text("soon"), "soon");
    EXPECT_EQ(date_text("2026-13-45"), "2026-13-45");
    EXPECT_EQ(date_text(json::object()), "");
}

MailComposer composer() {
    MailSettings settings;
    settings.from = {"shop@shop.example", "The Shop"};
    settings.defaults = defaults;
    settings.unsubscribe_url = "https://shop.example/stop?who={email}&what={type}";
    settings.otp_validity = std::chrono::seconds(600);
    return MailComposer(settings);
}

TEST(EmailComposer, EverySampleMakesAMail) {
    auto mails = composer();
    EXPECT_EQ(mails.templates().names().size(), mail_types.size());
    for (const auto& name : mails.templates().names()) {
        const auto mail = mails.compose_sample(name, now_s);
        EXPECT_EQ(mail.category, name);
        for (const auto* part : {&mail.subject, &mail.text, &mail.html}) {
            EXPECT_EQ(part->find("{{"), std::string::npos) << name;
        }
        EXPECT_EQ(mail.text.find("\n\n\n"), std::string::npos) << name << mail.text;
        EXPECT_NE(mail.html.find("prefers-color-scheme: dark"), std::string::npos);
        EXPECT_EQ(mail.html.find("<img"), std::string::npos);
        EXPECT_NE(mail.html.find("&copy; 2026 Shop"), std::string::npos) << name;
    }
}

TEST(EmailComposer, OnlyAReminderCanBeUnsubscribed) {
    auto mails = composer();
    for (const auto& name : mails.templates().names()) {
        const auto mail = mails.compose_sample(name, now_s);
        const std::string link =
            "https://shop.example/stop?who=customer%40example.com&what=cashback_pending";
        const bool can = name == "cashback_pending";
        EXPECT_EQ(mail.critical, !can) << name;
        EXPECT_EQ(mail.text.find(link) != std::string::npos, can) << name;
        ASSERT_EQ(mail.headers.size(), can ? 2U : 0U) << name;
        if (can) {
            EXPECT_EQ(mail.headers[0],
                      std::pair(std::string("List-Unsubscribe"), "<" + link + ">"));
            EXPECT_EQ(mail.headers[1].second, "List-Unsubscribe=One-Click");
        }
    }
}

TEST(EmailComposer, ATypeWithoutATemplateIsNamed) {
    auto mails = composer();
    try {
        mails.compose_example("no\nsuch", json::object(), now_s);
        FAIL();
    } catch (const PermanentFailure& failure) {
        EXPECT_STREQ(failure.what(), "there is no e-mail template for the type \"no\nsuch\"");
    }
}

TEST(EmailComposer, APasswordSaysHowLongItIsGood) {
    auto mails = composer();
    const auto minutes = [&](json data) {
        data["otp"] = "482913";
        const auto text = mails.compose_example("otp", data, now_s).text;
        const auto at = text.find("works for ");
        return text.substr(at + 10, text.find(" minutes") - at - 10);
    };
    EXPECT_EQ(minutes({}), "10");
    EXPECT_EQ(minutes({{"expires_at", now_s + 300}}), "5");
    EXPECT_EQ(minutes({{"valid_minutes", 7}}), "7");
    EXPECT_EQ(minutes({{"valid_minutes", nullptr}}), "10");
}

class EmailEnvironment : public ::testing::Test {
  protected:
    void SetUp() override { TearDown(); }
    void TearDown() override {
        for (const auto* name : names) {
            ::unsetenv(name);
        }
    }
    static std::string refusal() {
        try {
            configured_email();
        } catch (const ConfigError& error) {
            return error.what();
        }
        return "";
    }
    static constexpr std::array names{
        "EMAIL_PROVIDERS", "SENDGRID_API_KEY", "SENDGRID_BASE_URL", "FROM_EMAIL", "FROM_NAME",
        "SHOP_NAME",       "SHOP_URL",         "SHOP_CURRENCY",     "SMTP_URL",   "SMTP_USER",
        "SMTP_PASSWORD",   "SMTP_TLS",         "UNSUBSCRIBE_URL"};
};

TEST_F(EmailEnvironment, WhatIsWrongIsNamed) {
    ::setenv("SENDGRID_API_KEY", "SG.key", 1);
    ::setenv("FROM_EMAIL", "shop@shop.example", 1);
    EXPECT_EQ(refusal(), "");
    const std::vector<std::array<const char*, 3>> wrong{
        {"EMAIL_PROVIDERS", "pigeon", "sendgrid"},
        {"EMAIL_PROVIDERS", "sendgrid,sendgrid", "sendgrid"},
        {"EMAIL_PROVIDERS", ",", "sendgrid"},
        {"SENDGRID_API_KEY", "SG.secret\r\nX: y", "SG.key"},
        {"SENDGRID_BASE_URL", "api.sendgrid.com", ""},
        {"FROM_EMAIL", "shop", "shop@shop.example"},
        {"FROM_NAME", "Shop, the best", ""},
        {"SHOP_URL", "javascript:x", ""},
        {"SHOP_CURRENCY", "rupee", ""},
        {"UNSUBSCRIBE_URL", "mailto:x@y.z", ""}};
    for (const auto& [name, value, right] : wrong) {
        ::setenv(name, value, 1);
        EXPECT_TRUE(refusal().starts_with(name)) << name << ": " << refusal();
        EXPECT_EQ(refusal().find("secret"), std::string::npos);
        ::setenv(name, right, 1);
    }
    ::setenv("EMAIL_PROVIDERS", "smtp,sendgrid", 1);
    EXPECT_TRUE(refusal().starts_with("SMTP_URL is not set")) << refusal();
    for (const auto* url : {"https://mail.example", "smtp://", "smtp://user:secret@mail.example",
                            "mail.example:25", "smtp://mail.example/secret"}) {
        ::setenv("SMTP_URL", url, 1);
        EXPECT_TRUE(refusal().starts_with("SMTP_URL is not like")) << url << refusal();
    }
    ::setenv("SMTP_URL", "smtps://mail.example:465", 1);
    ::setenv("SMTP_USER", "u", 1);
    EXPECT_TRUE(refusal().starts_with("SMTP_USER and SMTP_PASSWORD")) << refusal();
    ::setenv("SMTP_PASSWORD", "p", 1);
    ::setenv("SMTP_TLS", "maybe", 1);
    EXPECT_TRUE(refusal().starts_with("SMTP_TLS")) << refusal();
    ::setenv("SMTP_TLS", "off", 1);
    EXPECT_EQ(refusal(), "");
    const auto settings = configured_email();
    EXPECT_EQ(settings.providers.at(0).name, "smtp");
    EXPECT_FALSE(settings.smtp.require_tls);
    EXPECT_EQ(settings.mail.from.name, "shop.example");
}

}  // namespace
}  // namespace coupon
