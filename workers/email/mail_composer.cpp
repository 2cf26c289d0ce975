#include "email/mail_composer.hpp"

#include <algorithm>
#include <chrono>

#include "email/mail_rules.hpp"
#include "email/mail_types.hpp"
#include "messages/otp_expiry.hpp"
#include "runtime/retry_policy.hpp"
#include "runtime/storable_text.hpp"

namespace coupon {
namespace {

using nlohmann::json;

constexpr std::size_t shown_type_bytes = 40;

int year_of(std::int64_t now_s) {
    using namespace std::chrono;
    const sys_seconds now{seconds(now_s)};
    return static_cast<int>(year_month_day(floor<days>(now)).year());
}

// How long the password is good, from when it was made, in whole minutes.
std::int64_t valid_minutes(const Message& message, std::chrono::seconds validity) {
    const auto ms = otp_ends_ms(message, validity) - message.created_ms;
    return std::max<std::int64_t>(1, ms / 60'000);
}

// {"List-Unsubscribe": RFC 2369, and RFC 8058 where one click is enough}
std::vector<std::pair<std::string, std::string>> unsubscribe_headers(const std::string& link) {
    std::vector<std::pair<std::string, std::string>> headers{
        {"List-Unsubscribe", "<" + link + ">"}};
    if (link.starts_with("https://")) {
        headers.emplace_back("List-Unsubscribe-Post", "List-Unsubscribe=One-Click");
    }
    return headers;
}

}  // namespace

MailComposer::MailComposer(MailSettings settings)
    : settings_(std::move(settings)), templates_(configured_email_templates()) {}

Mail MailComposer::compose(const Message& message, std::int64_t now_s) {
    if (!templates_.has(message.type)) {
        throw PermanentFailure("there is no e-mail template for the type \"" +
                               storable_text(message.type, shown_type_bytes) + "\"");
    }
    Mail mail;
    mail.id = message.job.id;
    mail.category = message.type;
    mail.critical = is_critical(message.type);
    mail.from = settings_.from;
    mail.to.address = message.to;
    auto defaults = settings_.defaults;
    defaults.year = year_of(now_s);
    auto data = template_data(message.type, message.data, defaults);
    if (message.type == "otp" && data.value("valid_minutes", json()).is_null()) {
        data["valid_minutes"] = valid_minutes(message, settings_.otp_validity);
    }
    if (const auto name = data.find("name"); name != data.end() && name->is_string()) {
        mail.to.name = name->get<std::string>();
    }
    data.erase("unsubscribe_url");
    if (!mail.critical && !settings_.unsubscribe_url.empty()) {
        const auto link = unsubscribe_link(settings_.unsubscribe_url, message.to, message.type);
        data["unsubscribe_url"] = link;
        mail.headers = unsubscribe_headers(link);
    }
    auto rendered = templates_.render(message.type, data);
    mail.subject = std::move(rendered.subject);
    mail.text = std::move(rendered.text);
    mail.html = std::move(rendered.html);
    check_mail(mail);
    return mail;
}

Mail MailComposer::compose_sample(const std::string& name, std::int64_t now_s) {
    return compose_example(name, templates_.sample(name), now_s);
}

Mail MailComposer::compose_example(const std::string& name, const json& data, std::int64_t now_s) {
    Message message;
    message.job.id = "00000000-0000-0000-0000-000000000000";
    message.type = name;
    message.to = "customer@example.com";
    message.data = data;
    message.created_ms = now_s * 1000;
    return compose(message, now_s);
}

}  // namespace coupon
