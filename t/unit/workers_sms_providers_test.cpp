// How MSG91 and Twilio are called, and what their answers mean.
#include <gtest/gtest.h>

#include <ctime>
#include <nlohmann/json.hpp>

#include "core/webhook/form.hpp"
#include "runtime/retry_policy.hpp"
#include "sms/msg91.hpp"
#include "sms/twilio.hpp"

namespace coupon {
namespace {

using nlohmann::json;
using Kind = SendOutcome::Kind;

SmsTemplate otp() {
    SmsTemplate known;
    known.type = "otp";
    known.variables = {{"otp", "OTP", VariableKind::digits, 6, {"otp"}, "", std::nullopt},
                       {"shop", "shop", VariableKind::text, 30, {}, "", "A&B"}};
    known.text = "{{otp}} is your OTP for {{shop}}.";
    return known;
}

Sms sms(const SmsTemplate& known) {
    Sms message;
    message.known = &known;
    message.number = "+919876543210";
    message.values = {"482913", "A&B"};
    message.created_ms = 1'795'000'000'000;  // 2026-11-18T11:06:40Z
    return message;
}

HttpAnswer answered(int status, const std::string& body) {
    HttpAnswer answer;
    answer.outcome = HttpAnswer::Outcome::answered;
    answer.status = status;
    answer.body = body;
    return answer;
}

HttpAnswer cut(HttpAnswer::Outcome outcome) {
    HttpAnswer answer;
    answer.outcome = outcome;
    answer.error = "msg91.test: cut";
    return answer;
}

Msg91Settings msg91_settings() {
    return {"https://msg91.test", "key-of-the-shop", "COUPON", "650001", {{"otp", "flow-1"}}};
}

std::string header(const HttpRequest& request, const std::string& name) {
    for (const auto& [known, value] : request.headers) {
        if (known == name) {
            return value;
        }
    }
    return {};
}

TEST(Msg91Test, SendsTheVariablesOfARegisteredTemplate) {
    const auto known = otp();
    const auto request = Msg91(msg91_settings()).request(sms(known));
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.url, "https://msg91.test/api/v5/flow");
    EXPECT_EQ(header(request, "authkey"), "key-of-the-shop");
    EXPECT_EQ(header(request, "Content-Type"), "application/json");
    EXPECT_FALSE(request.repeatable);
    EXPECT_EQ(json::parse(request.body),
              (json{{"template_id", "flow-1"},
                    {"sender", "COUPON"},
                    {"short_url", "0"},
                    {"recipients",
                     {{{"mobiles", "919876543210"}, {"OTP", "482913"}, {"shop", "A&B"}}}}}));
}

TEST(Msg91Test, NamesTheSettingOfAnUnregisteredTemplateOrSender) {
    auto known = otp();
    const auto refusal = [&known](const Msg91Settings& settings) {
        try {
            return "sent as " + Msg91(settings).request(sms(known)).method;

        } catch (const PermanentFailure& failure) {
            return std::string(failure.what());
        }
    };
    auto settings = msg91_settings();
    settings.sender_id = "650001";
    EXPECT_NE(refusal(settings).find("MSG91_SENDER_ID"), std::string::npos);
    known.promotional = true;
    EXPECT_EQ(refusal(settings), "sent as POST");
    settings.promotional_sender_id = "COUPON";
    EXPECT_NE(refusal(settings).find("MSG91_PROMOTIONAL_SENDER_ID"), std::string::npos);
    settings.templates.clear();
    EXPECT_EQ(
        refusal(settings),
        "no DLT template is registered for otp: set MSG91_TEMPLATE_OTP to MSG91's template id");
    EXPECT_EQ(msg91_template_variable("order_confirmation"), "MSG91_TEMPLATE_ORDER_CONFIRMATION");
}

TEST(Msg91Test, DecidesOnTheType) {
    const Msg91 msg91(msg91_settings());
    const auto sent =
        msg91.outcome(answered(200, R"({"type":"success","message":"3763646c3058373530393938"})"));
    EXPECT_EQ(sent.kind, Kind::sent);
    EXPECT_EQ(sent.provider_message_id, "3763646c3058373530393938");

    struct Case {
        int status;
        const char* body;
        Kind kind;
    };
    for (const auto& [status, body, kind] : {
             Case{200, R"({"type":"error","message":"Flow id missing"})", Kind::permanent},
             Case{400, R"({"type":"error","message":"template not found"})", Kind::permanent},
             Case{200, R"({"type":"error","message":"unauthorised","code":"418"})", Kind::down},
             Case{418, R"({"type":"error","message":"no"})", Kind::down},
             Case{200, R"({"type":"error","message":"IP is not whitelisted"})", Kind::down},
             Case{401, R"({"type":"error","message":"no"})", Kind::down},
             Case{200, R"({"type":"error","message":"Invalid authkey"})", Kind::down},
             Case{200, R"({"type":"error","message":"Insufficient balance"})", Kind::down},
             Case{200, R"({"type":"error","message":"Please try again later"})", Kind::retry},
             Case{200, R"({"type":"error","message":"Rate limit reached"})", Kind::retry},
             Case{200, R"({"type":"error","message":"OTP limit exceeded for mobile"})", Kind::retry},
             Case{200, R"({"type":"error","message":"slow","code":429})", Kind::throttled},
             Case{429, R"({"type":"error","message":"slow"})", Kind::throttled},
             Case{429, "", Kind::throttled},
             Case{500, R"({"type":"error","message":"oops"})", Kind::down},
             Case{502, "<html>", Kind::down},
             Case{504, "<html>", Kind::unknown},
             Case{504, R"({"type":"error","message":"slow"})", Kind::unknown},
             Case{200, R"({"type":"error","message":"slow","code":504})", Kind::unknown},
             Case{200, R"({"type":"error","message":"Request timed out"})", Kind::unknown},
             Case{404, "<html>", Kind::down},
             Case{302, "", Kind::down},
             Case{200, "<html>", Kind::unknown},
             Case{200, "", Kind::unknown},
             Case{200, "[]", Kind::unknown},
             Case{200, R"({"type":7})", Kind::unknown},
             Case{200, R"({"type":"succ)", Kind::unknown},
         }) {
        const auto outcome = msg91.outcome(answered(status, body));
        EXPECT_EQ(outcome.kind, kind) << status << " " << body << ": " << outcome.reason;
        EXPECT_FALSE(outcome.reason.empty());
    }
    EXPECT_EQ(msg91.outcome(cut(HttpAnswer::Outcome::unknown)).kind, Kind::unknown);
    EXPECT_EQ(msg91.outcome(cut(HttpAnswer::Outcome::failed)).kind, Kind::down);
}

TEST(Msg91Test, WaitsAsLongAsItIsTold) {
    auto answer = answered(429, "");
    answer.headers = {{"retry-after", "7"}};
    EXPECT_EQ(Msg91(msg91_settings()).outcome(answer).after, std::chrono::seconds(7));
}

TEST(Msg91Test, RepeatsNoSecretOfAnAnswer) {
    const auto reason =
        Msg91(msg91_settings())
            .outcome(answered(
                200,
                R"({"type":"error","message":"bad 919876543210, OTP '482913'\nkey-of-the-shop AB-4829-XY"})"))
            .reason;
    EXPECT_EQ(reason, "MSG91 refuses: bad ..., OTP '...' ... ...");
}

TwilioSettings twilio_settings() {
    return {"https://twilio.test",
            "AC1",
            "token-of-twilio",
            "+15005550006",
            "",
            "+15005550007",
            "https://shop.test/webhooks/twilio"};
}

std::vector<FormField> form(const HttpRequest& request) {
    return parse_form(request.body).value();
}

TEST(TwilioTest, SendsTheWholeText) {
    const auto known = otp();
    auto message = sms(known);
    message.left = std::chrono::milliseconds(599'999);
    const auto request = Twilio(twilio_settings()).request(message);
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.url, "https://twilio.test/2010-04-01/Accounts/AC1/Messages.json");
    EXPECT_EQ(request.user, "AC1");
    EXPECT_EQ(request.password, "token-of-twilio");
    EXPECT_FALSE(request.repeatable);
    EXPECT_EQ(form(request),
              (std::vector<FormField>{{"To", "+919876543210"},
                                      {"From", "+15005550006"},
                                      {"Body", "482913 is your OTP for A&B."},
                                      {"StatusCallback", "https://shop.test/webhooks/twilio"},
                                      {"ValidityPeriod", "599"}}));
}

TEST(TwilioTest, KeepsTheBoundsOfAValidity) {
    const auto known = otp();
    auto message = sms(known);
    for (const auto& [left_ms, field] :
         {std::pair{1, "1"}, {1'000, "1"}, {36'000'000, "36000"}, {80'000'000, "36000"}}) {
        message.left = std::chrono::milliseconds(left_ms);
        const auto fields = form(Twilio(twilio_settings()).request(message));
        EXPECT_EQ(fields.back().value, field);
    }
}

TEST(TwilioTest, UsesAMessagingService) {
    const auto known = otp();
    auto settings = twilio_settings();
    settings.from.clear();
    settings.messaging_service_sid = "MG1";
    EXPECT_EQ(form(Twilio(settings).request(sms(known)))[1],
              (FormField{"MessagingServiceSid", "MG1"}));
}

TEST(TwilioTest, AddressesWhatsApp) {
    const auto known = otp();
    auto message = sms(known);
    message.whatsapp = true;
    const Twilio twilio(twilio_settings());
    const auto fields = form(twilio.request(message));
    EXPECT_EQ(fields[0].value, "whatsapp:+919876543210");
    EXPECT_EQ(fields[1].value, "whatsapp:+15005550007");
    auto settings = twilio_settings();
    settings.whatsapp_from.clear();
    EXPECT_FALSE(Twilio(settings).carries(true));
    EXPECT_TRUE(Twilio(settings).carries(false));
    settings = twilio_settings();
    settings.from.clear();
    EXPECT_TRUE(Twilio(settings).carries(true));
    EXPECT_FALSE(Twilio(settings).carries(false));
}

TEST(TwilioTest, ReadsItsAnswers) {
    const Twilio twilio(twilio_settings());
    const auto sent = twilio.outcome(answered(201, R"({"sid":"SM1","status":"queued"})"));
    EXPECT_EQ(sent.kind, Kind::sent);
    EXPECT_EQ(sent.provider_message_id, "SM1");

    struct Case {
        int status;
        const char* body;
        Kind kind;
    };
    for (const auto& [status, body, kind] : {
             Case{400, R"({"code":21211,"message":"Invalid 'To'","status":400})", Kind::permanent},
             Case{400, R"({"code":21610,"message":"unsubscribed recipient"})", Kind::permanent},
             Case{401, R"({"code":20003,"message":"Authenticate"})", Kind::down},
             Case{401, R"({"code":20008,"message":"test credentials"})", Kind::down},
             Case{403, R"({"code":20005,"message":"account not active"})", Kind::down},
             Case{429, R"({"code":20429,"message":"Too Many Requests"})", Kind::throttled},
             Case{400, R"({"code":20429,"message":"Too Many Requests"})", Kind::throttled},
             Case{429, "", Kind::throttled},
             Case{500, R"({"code":20500,"message":"oops"})", Kind::down},
             Case{503, "", Kind::down},
             Case{504, R"({"code":20504,"message":"gateway timeout"})", Kind::unknown},
             Case{504, "", Kind::unknown},
             Case{404, "<html>", Kind::down},
             Case{201, "{}", Kind::unknown},
             Case{201, "<html>", Kind::unknown},
             Case{200, "", Kind::unknown},
         }) {
        const auto outcome = twilio.outcome(answered(status, body));
        EXPECT_EQ(outcome.kind, kind) << status << " " << body << ": " << outcome.reason;
        EXPECT_FALSE(outcome.reason.empty());
    }
    EXPECT_EQ(
        twilio.outcome(answered(400, R"({"code":21211,"message":"Invalid 'To': +919876543210"})"))
            .reason,
        "Twilio refuses: error 21211: Invalid 'To': ...");
    EXPECT_EQ(twilio.outcome(answered(429, "")).after, std::chrono::seconds(1));
    EXPECT_EQ(twilio.outcome(cut(HttpAnswer::Outcome::unknown)).kind, Kind::unknown);
    EXPECT_EQ(twilio.outcome(cut(HttpAnswer::Outcome::failed)).kind, Kind::down);
}

TEST(TwilioTest, AsksForTheMessagesToTheNumber) {
    const auto known = otp();
    const auto request = Twilio(twilio_settings()).inquiry(sms(known)).value();
    EXPECT_EQ(request.method, "GET");
    EXPECT_EQ(request.url,
              "https://twilio.test/2010-04-01/Accounts/AC1/Messages.json?To=%2B919876543210"
              "&DateSent%3E=2026-11-18&PageSize=200");
    EXPECT_EQ(request.user, "AC1");
    EXPECT_TRUE(request.body.empty());
}

TEST(TwilioTest, KnowsItsOwnMessageAmongOthers) {
    const auto known = otp();
    const Twilio twilio(twilio_settings());
    const auto inquired = [&](const json& messages) {
        return twilio.inquired(sms(known), answered(200, json{{"messages", messages}}.dump()),
                               [](const std::string& sid) { return sid != "SM9"; });
    };
    const std::string text = "482913 is your OTP for A&B.";
    const json other{{"sid", "SM0"},
                     {"body", "another text"},
                     {"date_created", "Wed, 18 Nov 2026 11:06:41 +0000"}};
    // The same words, of a message before ours.
    const json earlier{
        {"sid", "SM1"}, {"body", text}, {"date_created", "Wed, 18 Nov 2026 11:06:30 +0000"}};
    const json ours{
        {"sid", "SM2"}, {"body", text}, {"date_created", "Wed, 18 Nov 2026 11:06:41 +0000"}};
    EXPECT_EQ(inquired({other, earlier}).kind, Kind::not_found);
    EXPECT_EQ(inquired(json::array()).kind, Kind::not_found);
    EXPECT_EQ(inquired({7, json::object(), json{{"body", text}}}).kind, Kind::not_found);
    EXPECT_EQ(inquired({other, earlier, ours}).kind, Kind::sent);
    EXPECT_EQ(inquired({other, earlier, ours}).provider_message_id, "SM2");
    auto another = ours;
    another["sid"] = "SM9";
    EXPECT_EQ(inquired(json::array({another})).kind, Kind::not_found);
    EXPECT_EQ(inquired({another, ours}).provider_message_id, "SM2");
    for (const auto& answer :
         {answered(500, ""), answered(200, "<html>"), answered(200, "{}"),
          answered(429, R"({"code":20429})"), cut(HttpAnswer::Outcome::unknown)}) {
        EXPECT_EQ(twilio.inquired(sms(known), answer, [](const auto&) { return true; }).kind,
                  Kind::retry);
    }
}

}  // namespace
}  // namespace coupon
