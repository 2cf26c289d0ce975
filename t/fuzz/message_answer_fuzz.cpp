// What a stranger answers instead of SendGrid, an SMTP server, MSG91 and Twilio: a message counts as
// sent only by an answer that says so; what is kept of others is one harmless line. First byte of
// the input: who answers; then the answer.
#include "answers_of_a_stranger.hpp"

#include "check.hpp"
#include "email/sendgrid.hpp"
#include "email/smtp.hpp"
#include "sms/msg91.hpp"
#include "sms/twilio.hpp"

namespace {

using Kind = coupon::SendOutcome::Kind;

constexpr const char* key = "key-of-the-shop";
constexpr std::int64_t now_s = 1'732'104'000;

coupon::SmsTemplate template_of_a_code() {
    coupon::SmsTemplate known;
    known.type = "otp";
    known.text = "{{code}} is your code";
    known.variables.push_back({.name = "code", .msg91 = "var1", .characters_max = 6, .from = {}});
    return known;
}

/// Twilio's page of messages, asked whether ours is one of them.
void check_inquiry(const coupon::Twilio& twilio, const coupon::Sms& sms,
                   const coupon::HttpAnswer& answer) {
    std::string claimed;
    const auto found = twilio.inquired(sms, answer, [&](const std::string& id) {
        claimed = id;
        return id.size() % 2 == 0;
    });
    check(found.kind == Kind::sent || found.kind == Kind::not_found || found.kind == Kind::retry);
    check((found.kind == Kind::sent) == (!claimed.empty() && claimed.size() % 2 == 0));
    check(found.kind != Kind::sent || found.provider_message_id == claimed);
    check(found.kind == Kind::retry || answer.ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const coupon::SmsTemplate known = template_of_a_code();
    static const coupon::Msg91 msg91({.base_url = "https://msg91.example", .auth_key = key,
                                      .sender_id = "SHOPIN", .promotional_sender_id = "123456",
                                      .templates = {{"otp", "template-1"}}});
    static const coupon::Twilio twilio({.base_url = "https://twilio.example", .account_sid = "AC1",
                                        .auth_token = key, .from = "+15550001111",
                                        .messaging_service_sid = "", .whatsapp_from = "",
                                        .status_callback = ""});
    coupon::Sms sms;
    sms.known = &known;
    sms.number = "+919876543210";
    sms.values = {"123456"};
    sms.created_ms = now_s * 1000;
    auto text = text_of(data, size);
    const auto who = take_byte(text) % 5;
    const auto answer = read_answer(text);
    if (who == 4) {
        check_inquiry(twilio, sms, answer);
        return 0;
    }
    const auto outcome = who == 0   ? coupon::sendgrid_outcome(answer, now_s)
                         : who == 1 ? coupon::smtp_outcome(answer)
                         : who == 2 ? msg91.outcome(answer)
                                    : twilio.outcome(answer);
    using Outcome = coupon::HttpAnswer::Outcome;
    check(outcome.kind != Kind::sent || answer.ok() || who == 2);
    check(outcome.kind != Kind::sent || answer.outcome == Outcome::answered);
    check(outcome.kind != Kind::not_found);
    check((outcome.kind == Kind::sent) == outcome.reason.empty());
    check(is_printable(outcome.reason) && outcome.reason.size() < 600);
    // Of the others PrivateText takes it out.
    check(who < 2 || outcome.reason.find(key) == std::string::npos);
    check(answer.outcome != Outcome::failed || outcome.kind == Kind::down ||
          outcome.kind == Kind::retry || outcome.kind == Kind::throttled);
    check(!outcome.after || (outcome.after->count() >= 0 && *outcome.after <= std::chrono::hours(24)));
    return 0;
}
