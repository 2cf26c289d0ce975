// What SendGrid and an SMTP server are asked, and what their answers mean.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "email/sendgrid.hpp"
#include "email/smtp.hpp"

namespace coupon {
namespace {

using nlohmann::json;
using Kind = SendOutcome::Kind;

constexpr std::int64_t now_s = 1'795'000'000;

Mail mail() {
    Mail mail;
    mail.id = "0193-row";
    mail.category = "order_confirmation";
    mail.critical = true;
    mail.from = {"shop@shop.example", "Köpfchen"};
    mail.to = {"asha@example.com", "Asha"};
    mail.subject = "₹5 für \"dich\"";
    mail.text = "Text\n";
    mail.html = "<p>HTML</p>";
    return mail;
}

HttpAnswer answered(int status, const std::string& body = {},
                    std::vector<std::pair<std::string, std::string>> headers = {}) {
    HttpAnswer answer;
    answer.outcome = HttpAnswer::Outcome::answered;
    answer.status = status;
    answer.body = body;
    answer.headers = std::move(headers);
    return answer;
}

HttpAnswer not_answered(HttpAnswer::Outcome outcome) {
    HttpAnswer answer;
    answer.outcome = outcome;
    answer.error = "api.example: what happened";
    return answer;
}

TEST(SendgridRequest, IsWhatTheApiAsksFor) {
    const auto request = sendgrid_request({"https://api.sendgrid.com", "SG.key"}, mail());
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.url, "https://api.sendgrid.com/v3/mail/send");
    EXPECT_FALSE(request.repeatable);
    EXPECT_EQ(request.headers.at(0).second, "Bearer SG.key");
    EXPECT_EQ(json::parse(request.body), json::parse(R"({
        "personalizations": [{"to": [{"email": "asha@example.com", "name": "Asha"}],
                              "custom_args": {"coupon_id": "0193-row"}}],
        "from": {"email": "shop@shop.example", "name": "Köpfchen"},
        "subject": "₹5 für \"dich\"",
        "content": [{"type": "text/plain", "value": "Text\n"},
                    {"type": "text/html", "value": "<p>HTML</p>"}],
        "categories": ["order_confirmation"],
        "mail_settings": {"bypass_unsubscribe_management": {"enable": true}}})"));
}

TEST(SendgridRequest, WhatIsNotCriticalCanBeUnsubscribed) {
    auto reminder = mail();
    reminder.critical = false;
    reminder.headers = {{"List-Unsubscribe", "<https://shop.example/stop>"}};
    reminder.to.name = "Rao, Asha";
    const auto body = json::parse(sendgrid_request({"https://x.yz", "k"}, reminder).body);
    EXPECT_EQ(body["headers"], (json{{"List-Unsubscribe", "<https://shop.example/stop>"}}));
    EXPECT_FALSE(body.contains("mail_settings"));
    EXPECT_EQ(body["personalizations"][0]["to"], json::parse(R"([{"email": "asha@example.com"}])"));
}

TEST(SendgridAnswer, Sent) {
    const auto outcome = sendgrid_outcome(answered(202, "", {{"x-message-id", "sg-1"}}), now_s);
    EXPECT_EQ(outcome.kind, Kind::sent);
    EXPECT_EQ(outcome.provider_message_id, "sg-1");
    EXPECT_EQ(sendgrid_outcome(answered(202), now_s).kind, Kind::sent);
}

TEST(SendgridAnswer, TooManyWaitsAsLongAsItSays) {
    using std::chrono::seconds;
    const auto pause = [](std::vector<std::pair<std::string, std::string>> headers) {
        const auto outcome = sendgrid_outcome(answered(429, "", std::move(headers)), now_s);
        EXPECT_EQ(outcome.kind, Kind::throttled);
        return outcome.after;
    };
    EXPECT_EQ(pause({{"x-ratelimit-reset", std::to_string(now_s + 30)}}), seconds(30));
    EXPECT_EQ(pause({{"x-ratelimit-reset", std::to_string(now_s - 30)}}), seconds(1));
    EXPECT_EQ(pause({{"x-ratelimit-reset", "99999999999999"}}), seconds(3600));
    EXPECT_EQ(pause({{"x-ratelimit-reset", "soon"}, {"retry-after", "7"}}), seconds(7));
    EXPECT_EQ(pause({}), std::nullopt);
}

TEST(SendgridAnswer, TheRest) {
    for (const int status : {408, 500, 502, 503, 301, 401, 403}) {
        EXPECT_EQ(sendgrid_outcome(answered(status), now_s).kind, Kind::down) << status;
    }
    // A gateway gave up waiting: what is behind it may have the mail.
    EXPECT_EQ(sendgrid_outcome(answered(504), now_s).kind, Kind::unknown);
    EXPECT_NE(sendgrid_outcome(answered(401), now_s).reason.find("SENDGRID_API_KEY"),
              std::string::npos);
    for (const int status : {400, 404, 405, 413, 422}) {
        EXPECT_EQ(sendgrid_outcome(answered(status), now_s).kind, Kind::permanent) << status;
    }
    EXPECT_EQ(sendgrid_outcome(not_answered(HttpAnswer::Outcome::failed), now_s).kind, Kind::down);
    EXPECT_EQ(sendgrid_outcome(not_answered(HttpAnswer::Outcome::unknown), now_s).kind,
              Kind::unknown);
}

TEST(SendgridAnswer, ItsWordsAreKeptShortAndWithoutAddresses) {
    const auto reason = [](const std::string& body) {
        return sendgrid_outcome(answered(400, body), now_s).reason;
    };
    EXPECT_EQ(
        reason(
            R"({"errors":[{"field":"from.email","message":"is bad"},{"field":null,"message":"and more"}]})"),
        "SendGrid answered 400: from.email: is bad: and more");
    EXPECT_EQ(
        reason(R"({"errors":[{"message":"Does not fit asha@example.com at all"}]})").find("asha"),
        std::string::npos);
    EXPECT_LT(reason(R"({"errors":[{"message":")" + std::string(5000, 'x') + "\"}]}").size(), 400U);
    for (const auto* odd :
         {"", "<html>", "[]", "{}", R"({"errors":{}})", R"({"errors":[1,null,[]]})",
          R"({"errors":[{"message":{}}]})", "\xff\xfe"}) {
        EXPECT_EQ(reason(odd), "SendGrid answered 400") << odd;
    }
}

TEST(SmtpRequest, HeadersAreEncoded) {
    auto reminder = mail();
    reminder.headers = {{"List-Unsubscribe", "<https://shop.example/stop>"}};
    const SmtpSettings settings{"smtp://mail.example:587", "user", "password", true};
    const auto request = smtp_request(settings, reminder, now_s);
    EXPECT_EQ(request.url, settings.url);
    EXPECT_TRUE(request.require_tls);
    EXPECT_EQ(request.from, "shop@shop.example");
    EXPECT_EQ(request.to, "asha@example.com");
    EXPECT_EQ(request.text, "Text\n");
    const std::vector<std::pair<std::string, std::string>> wanted{
        {"From", "=?UTF-8?B?S8O2cGZjaGVu?= <shop@shop.example>"},
        {"To", "\"Asha\" <asha@example.com>"},
        {"Subject", "=?UTF-8?B?4oK5NSBmw7xyICJkaWNoIg==?="},
        {"Date", "Wed, 18 Nov 2026 11:06:40 +0000"},
        {"Message-ID", "<0193-row@shop.example>"},
        {"X-Coupon-Id", "0193-row"},
        {"List-Unsubscribe", "<https://shop.example/stop>"}};
    EXPECT_EQ(request.headers, wanted);
}

TEST(SmtpReply, WhatItMeans) {
    const auto outcome = smtp_outcome(answered(250, "2.0.0 Ok: queued as 4F2A1"));
    EXPECT_EQ(outcome.kind, Kind::sent);
    EXPECT_EQ(outcome.provider_message_id, "4F2A1");
    EXPECT_EQ(smtp_outcome(answered(250, "ok")).provider_message_id, "");
    for (const int status : {450, 451, 452, 454}) {
        EXPECT_EQ(smtp_outcome(answered(status)).kind, Kind::retry) << status;
    }
    for (const int status : {421, 530, 534, 535, 538}) {
        EXPECT_EQ(smtp_outcome(answered(status)).kind, Kind::down) << status;
    }
    for (const int status : {550, 551, 552, 553, 554}) {
        EXPECT_EQ(smtp_outcome(answered(status)).kind, Kind::permanent) << status;
    }
    EXPECT_EQ(smtp_outcome(not_answered(HttpAnswer::Outcome::failed)).kind, Kind::down);
    EXPECT_EQ(smtp_outcome(not_answered(HttpAnswer::Outcome::unknown)).kind, Kind::unknown);
}

TEST(SmtpReply, ItsWordsAreWithoutAddresses) {
    const auto reason =
        smtp_outcome(answered(550, "5.1.1 <asha@example.com>: no such user asha@example.com"))
            .reason;
    EXPECT_EQ(reason, "the SMTP server answered 550: 5.1.1 <...>: no such user ...");
}

}  // namespace
}  // namespace coupon
