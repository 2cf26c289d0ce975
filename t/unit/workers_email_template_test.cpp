// Templates leave nothing blank, escape what they are given, and say which of them is wrong.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "email/template_layout.hpp"
#include "email/template_render.hpp"
#include "email/template_store.hpp"
#include "runtime/error.hpp"
#include "runtime/installation.hpp"
#include "runtime/retry_policy.hpp"

namespace coupon {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using Escape = TemplateText::Escape;

std::string rendered(const std::string& text, const json& data, Escape escape = Escape::none) {
    return TemplateText("mail.txt", text, escape).render(mustache_data(data));
}

std::string refusal(const std::string& text, const json& data) {
    try {
        return "rendered: " + rendered(text, data);
    } catch (const PermanentFailure& failure) {
        return failure.what();
    }
}

std::string fault(const std::string& text) {
    try {
        TemplateText("mail.txt", text, Escape::none);
    } catch (const TemplateError& error) {
        return error.what();
    }
    return "";
}

TEST(EmailTemplate, AMissingVariableIsNamed) {
    for (const auto& data :
         {json::object(), json{{"code", nullptr}}, json{{"code", ""}}, json{{"code", false}}}) {
        EXPECT_EQ(refusal("Your code: {{code}}", data),
                  "template mail.txt: the variable code is missing or empty")
            << data;
    }
    EXPECT_EQ(refusal("{{code}}", {{"code", {{"a", 1}}}}),
              "template mail.txt: the variable code is no text");
    EXPECT_EQ(refusal("{{code}}", {{"code", {1, 2}}}),
              "template mail.txt: the variable code is no text");
    EXPECT_EQ(refusal("{{#name}}Hi {{name}}{{/name}}", {{"name", {{"first", "A"}}}}),
              "template mail.txt: the variable name is no text");
}

TEST(EmailTemplate, ASectionIsOptional) {
    const std::string text = "Hello{{#name}} {{name}}{{/name}}{{^name}} you{{/name}}!";
    EXPECT_EQ(rendered(text, {{"name", "Asha"}}), "Hello Asha!");
    for (const auto& data : {json::object(), json{{"name", nullptr}}, json{{"name", ""}}}) {
        EXPECT_EQ(rendered(text, data), "Hello you!") << data;
    }
}

TEST(EmailTemplate, AnElementDoesNotShowWhatStandsOutside) {
    const std::string text = "{{#cards}}[{{code}}{{#pin}} {{pin}}{{/pin}}]{{/cards}}";
    EXPECT_EQ(rendered(text, {{"pin", "outer"},
                              {"cards",
                               {{{"code", "A"}, {"pin", nullptr}}, {{"code", 7}, {"pin", "1"}}}}}),
              "[A][7 1]");
    EXPECT_EQ(refusal(text, {{"cards", {{{"pin", "1"}}}}}),
              "template mail.txt: the variable code is missing or empty");
}

TEST(EmailTemplate, HtmlIsEscapedAndTextIsNot) {
    const json data{{"name", "<b>\"O'Neill\" & Co</b>{{otp}}"}};
    EXPECT_EQ(rendered("<p title=\"{{name}}\">", data, Escape::html),
              "<p title=\"&lt;b&gt;&quot;O&#39;Neill&quot; &amp; Co&lt;/b&gt;{{otp}}\">");
    EXPECT_EQ(rendered("{{name}}", data), "<b>\"O'Neill\" & Co</b>{{otp}}");
}

TEST(EmailTemplate, OnlyLinksOfTheWebAreLinks) {
    EXPECT_EQ(rendered("{{go_url}}", {{"go_url", "https://shop.example/x?a=1&b=2"}}),
              "https://shop.example/x?a=1&b=2");
    for (const auto* link :
         {"javascript:alert(1)", "data:text/html,x", "//shop.example", "/path", "shop.example",
          "https://", "https:///x", "ftp://shop.example", "https://shop.example/\r\nX: y",
          "https://shop.example/a b", "https://user@shop.example/", "https://shop.example/\"x"}) {
        for (const auto* name : {"go_url", "go_link"}) {
            EXPECT_TRUE(refusal("{{" + std::string(name) + "}}", {{name, link}})
                            .starts_with("template mail.txt: the variable " + std::string(name)))
                << link;
        }
    }
    EXPECT_TRUE(refusal("{{#a_url}}{{a_url}}{{/a_url}}", {{"a_url", "javascript:x"}})
                    .starts_with("template mail.txt: the variable a_url"));
}

TEST(EmailTemplate, NoVariableEndsALineOrTurnsIt) {
    for (const auto* text : {"a\nb", "a\r", "\t", "a\x7f", "a\u0085", "\u202eevil", "\u2066x"}) {
        EXPECT_TRUE(refusal("{{code}}", {{"code", text}})
                        .starts_with("template mail.txt: the variable code holds a line break"))
            << text;
        EXPECT_THROW(
            (void)rendered("{{#a}}{{code}}{{/a}}", {{"a", {{{"code", text}}}}}, Escape::html),
            PermanentFailure);
    }
    EXPECT_EQ(rendered("{{code}}", {{"code", "क्‍ष – é € 😀"}}),
              "क्‍ष – é € 😀");
}

TEST(EmailTemplate, RenderingEndsAtItsBound) {
    json data{{"list", json::array()}, {"text", std::string(2000, 'x')}};
    for (int i = 0; i < 1000; ++i) {
        data["list"].push_back({{"code", "x"}});
    }
    EXPECT_TRUE(refusal("{{#list}}{{text}}\n{{/list}}", data).find("larger than") !=
                std::string::npos);
}

TEST(EmailTemplate, WhatCouldBeUnescapedOrBlankIsNoTemplate) {
    EXPECT_NE(fault("{{{name}}}"), "");
    EXPECT_NE(fault("{{&name}}"), "");
    EXPECT_NE(fault("{{>other}}"), "");
    EXPECT_NE(fault("{{=<% %>=}}"), "");
    EXPECT_NE(fault("{{.}}"), "");
    EXPECT_NE(fault("{{}}"), "");
    EXPECT_NE(fault("{{name"), "");
    EXPECT_NE(fault("{{#a}}x"), "");
    EXPECT_NE(fault("x{{/a}}"), "");
    EXPECT_NE(fault("{{#a}}{{#b}}{{/a}}{{/b}}"), "");
    EXPECT_NE(fault("{{#a}}x{{/a}}{{$b}}{{/b}}"), "");
    EXPECT_EQ(fault("one\ntwo {{#name}}x{{/name}} {{name}}").substr(0, 17), "line 2: {{name}} ");
    EXPECT_NE(fault("{{^name}}{{name}}{{/name}}"), "");
    EXPECT_EQ(fault("{{! a {comment} }}{{#name}}{{#other}}{{name}}{{/other}}{{/name}}"), "");
}

TEST(EmailTemplate, DataThatIsNestedWithoutEndIsRefused) {
    auto deep = json::object();
    for (int level = 0; level < 5000; ++level) {
        deep = json{{"a", std::move(deep)}};
    }
    EXPECT_THROW(mustache_data(deep), PermanentFailure);
}

TEST(EmailTemplate, ALayoutsBlocksAreFilledOrKept) {
    const std::string layout = "<{{$head}}none{{/head}}|{{$body}}{{/body}}>";
    EXPECT_EQ(laid_out("{{<layout}}{{$body}}\nHi {{name}}\n{{/body}}{{/layout}}\n", layout),
              "<none|Hi {{name}}>");
    EXPECT_EQ(laid_out("no layout", layout), "no layout");
    EXPECT_THROW(laid_out("{{<layout}}{{$foot}}x{{/foot}}{{/layout}}", layout), TemplateError);
    EXPECT_THROW(laid_out("{{<other}}{{/other}}", layout), TemplateError);
    EXPECT_THROW(laid_out("{{<layout}}{{$body}}x{{/layout}}", layout), TemplateError);
}

class EmailTemplateFolder : public ::testing::Test {
  protected:
    void SetUp() override {
        fs::remove_all(folder_);
        fs::copy(shipped_templates() / "email", folder_, fs::copy_options::recursive);
    }
    void TearDown() override { fs::remove_all(folder_); }

    void write(const std::string& file, const std::string& text) {
        std::ofstream(folder_ / file) << text;
    }
    std::string fault() {
        try {
            const TemplateStore store(folder_);
        } catch (const ConfigError& error) {
            return error.what();
        }
        return "";
    }

    const fs::path folder_ =
        fs::temp_directory_path() / ("coupon_templates." + std::to_string(::getpid()));
};

TEST_F(EmailTemplateFolder, AMissingOrBrokenFileIsNamed) {
    EXPECT_EQ(fault(), "");
    for (const auto* file : {"otp.html.mustache", "otp.subject.mustache", "layout.txt.mustache"}) {
        fs::rename(folder_ / file, folder_ / "away");
        EXPECT_NE(fault().find(file), std::string::npos) << fault();
        fs::rename(folder_ / "away", folder_ / file);
    }
    write("otp.html.mustache", "{{#open}}");
    EXPECT_NE(fault().find("otp.html.mustache"), std::string::npos) << fault();
}

TEST_F(EmailTemplateFolder, AnOperatorsOwnTemplateIsOneToo) {
    write("news.subject.mustache", "News for {{name}}\n");
    write("news.txt.mustache", "Text");
    EXPECT_NE(fault().find("news.html.mustache"), std::string::npos) << fault();
    write("news.html.mustache", "{{<layout}}{{$content}}<p>{{name}}</p>{{/content}}{{/layout}}");
    TemplateStore store(folder_);
    const auto mail = store.render(
        "news", {{"name", "<A>"}, {"shop_name", "S"}, {"shop_url", ""}, {"year", "2026"}});
    EXPECT_EQ(mail.subject, "News for <A>");
    EXPECT_EQ(mail.text, "Text");
    EXPECT_NE(mail.html.find("<p>&lt;A&gt;</p>"), std::string::npos);
    EXPECT_THROW(store.render("unknown", json::object()), PermanentFailure);
}

}  // namespace
}  // namespace coupon
