// Any data of a mail in a producer's entry: a mail that keeps all rules, or one refusal; nothing in
// it becomes markup, a line of a header or an address. First byte of the input: the type; then the
// data.
#include <array>
#include <nlohmann/json.hpp>

#include "check.hpp"
#include "email/encoded_word.hpp"
#include "email/mail_rules.hpp"
#include "email/sendgrid.hpp"
#include "email/smtp.hpp"
#include "email/template_data.hpp"
#include "email/template_render.hpp"
#include "runtime/retry_policy.hpp"

namespace {

constexpr std::array types{"order_confirmation", "cashback_credited", "withdrawal_processed",
                           "password_reset", "otp"};
constexpr const char* text_template =
    "{{shop_name}} {{#name}}{{name}}{{/name}}{{^name}}you{{/name}} {{order_number}} "
    "{{total_amount}} {{#vouchers}}[{{code}}{{#pin}}/{{pin}}{{/pin}}]{{/vouchers}}"
    "{{#reset_url}}{{reset_url}}{{/reset_url}}";
constexpr const char* html_template =
    "<p title=\"{{order_number}}\">{{#name}}{{name}}{{/name}} {{total_amount}}"
    "{{#vouchers}}<b>{{code}}</b>{{/vouchers}}</p>";

/// Marks of markup in the template itself.
constexpr std::string_view html_marks = "<p title=\"\"></p>";

std::size_t marks(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return c == '<' || c == '>' || c == '"'; }));
}

std::string text_of_member(const nlohmann::json& data, const char* name, const char* otherwise) {
    return data.contains(name) && data[name].is_string() ? data[name].get<std::string>() : otherwise;
}

void check_mail_of(const nlohmann::json& data, const std::string& type) {
    static coupon::TemplateText text("fuzz.txt", text_template, coupon::TemplateText::Escape::none);
    static coupon::TemplateText html("fuzz.html", html_template,
                                     coupon::TemplateText::Escape::html);
    const auto seen = coupon::template_data(type, data, {"Shop", "https://shop.example", "INR", 2026});
    check(seen.is_object());
    const auto given = coupon::mustache_data(seen);
    coupon::Mail mail;
    mail.id = "1";
    mail.category = type;
    mail.from = {"shop@example.com", "Shop"};
    mail.text = text.render(given);
    mail.html = html.render(given);
    mail.to = {text_of_member(data, "email", "user@example.com"), text_of_member(seen, "name", "")};
    mail.subject = mail.text.substr(0, mail.text.find(" [")) + "!";
    check(mail.text.find_first_of("\r\n") == std::string::npos);
    const auto vouchers = static_cast<std::size_t>(
        seen.contains("vouchers") && seen["vouchers"].is_array() ? seen["vouchers"].size() : 0);
    check((marks(mail.html) - marks(html_marks)) % 4 == 0 &&
          marks(mail.html) <= marks(html_marks) + 4 * std::max<std::size_t>(vouchers, 1));
    coupon::check_mail(mail);

    const auto smtp = coupon::smtp_request({}, mail, 1'732'104'000);
    for (const auto& [name, value] : smtp.headers) {
        check(is_printable(name) && is_printable(value));
    }
    check(smtp.to.find_first_of(" <>,;\"") == std::string::npos);
    const auto request = coupon::sendgrid_request({}, mail);
    const auto body = nlohmann::json::parse(request.body, nullptr, false);
    check(body.is_object() && body["personalizations"].size() == 1 &&
          body["personalizations"][0]["to"].size() == 1 &&
          body["personalizations"][0]["to"][0]["email"] == mail.to.address);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    auto text = text_of(data, size);
    const std::string type = types.at(take_byte(text) % types.size());
    const auto json = nlohmann::json::parse(text, nullptr, false);
    if (!json.is_object()) {
        return 0;
    }
    try {
        check_mail_of(json, type);
    } catch (const coupon::PermanentFailure& refusal) {
        check(*refusal.what() != '\0');
    }
    return 0;
}
