#include "email/email_settings.hpp"

#include <algorithm>

#include "core/percent.hpp"
#include "core/url_authority.hpp"
#include "email/amount_text.hpp"
#include "email/mail_rules.hpp"
#include "messages/otp_expiry.hpp"
#include "runtime/environment.hpp"
#include "runtime/error.hpp"
#include "runtime/provider_limit.hpp"

namespace coupon {
namespace {

void require(const std::string& variable, const std::string& fault) {
    if (!fault.empty()) {
        throw ConfigError(variable + " " + fault);
    }
}

std::vector<MessageProvider> configured_providers() {
    auto rest = environment_value("EMAIL_PROVIDERS").value_or("sendgrid");
    std::erase(rest, ' ');
    std::vector<MessageProvider> providers;
    while (!rest.empty()) {
        const auto comma = std::min(rest.find(','), rest.size());
        const auto name = rest.substr(0, comma);
        const bool twice =
            std::ranges::find(providers, name, &MessageProvider::name) != providers.end();
        if ((name != "sendgrid" && name != "smtp") || twice) {
            throw ConfigError("EMAIL_PROVIDERS: give sendgrid, smtp, or both separated by a comma");
        }
        auto& provider = providers.emplace_back(name, configured_provider_rate(name));
        if (name == "smtp") {
            provider.in_flight_max = mails_at_once;
        }
        rest.erase(0, comma + 1);
    }
    if (providers.empty()) {
        throw ConfigError("EMAIL_PROVIDERS names no provider");
    }
    return providers;
}

// A key with a line break would end the header that carries it.
SendgridSettings configured_sendgrid() {
    SendgridSettings settings;
    settings.base_url = base_url("SENDGRID_BASE_URL", "https://api.sendgrid.com");
    require("SENDGRID_BASE_URL", link_fault(settings.base_url));
    settings.api_key = required_environment("SENDGRID_API_KEY", "what SendGrid knows this shop by");
    if (!std::ranges::all_of(settings.api_key, [](char c) { return c > 0x20 && c < 0x7f; })) {
        throw ConfigError("SENDGRID_API_KEY holds a character that no key has");
    }
    return settings;
}

SmtpSettings configured_smtp() {
    SmtpSettings settings;
    settings.url = required_environment("SMTP_URL", "where the SMTP server is");
    // The authority is checked as that of any other URL.
    std::string reason;
    const auto colon = settings.url.find("://");
    const auto scheme = settings.url.substr(0, colon);
    const auto parts = colon == std::string::npos
                           ? std::nullopt
                           : split_url("http" + settings.url.substr(colon), reason);
    if ((scheme != "smtp" && scheme != "smtps") || !parts ||
        (!parts->rest.empty() && parts->rest != "/")) {
        throw ConfigError(
            "SMTP_URL is not like smtp://mail.example.com:587 or smtps://mail.example.com:465 "
            "(user and password have variables of their own)");
    }
    settings.user = environment_value("SMTP_USER").value_or("");
    settings.password = environment_value("SMTP_PASSWORD").value_or("");
    if (settings.user.empty() != settings.password.empty()) {
        throw ConfigError("SMTP_USER and SMTP_PASSWORD: set both or neither");
    }
    const auto tls = environment_value("SMTP_TLS").value_or("required");
    if (tls != "required" && tls != "off") {
        throw ConfigError("SMTP_TLS is required or off");
    }
    settings.require_tls = tls == "required";
    return settings;
}

std::string configured_link(const char* variable) {
    auto link = environment_value(variable).value_or("");
    if (!link.empty()) {
        require(variable, link_fault(link));
    }
    return link;
}

std::string configured_currency() {
    auto code = environment_value("SHOP_CURRENCY").value_or("INR");
    if (!is_currency_code(code)) {
        throw ConfigError("SHOP_CURRENCY is no code of three capital letters, like INR");
    }
    return code;
}

void replace_all(std::string& text, std::string_view macro, const std::string& value) {
    for (auto at = text.find(macro); at != std::string::npos;
         at = text.find(macro, at + value.size())) {
        text.replace(at, macro.size(), value);
    }
}

}  // namespace

EmailSettings configured_email() {
    EmailSettings settings;
    settings.providers = configured_providers();
    for (const auto& provider : settings.providers) {
        if (provider.name == "sendgrid") {
            settings.sendgrid = configured_sendgrid();
        } else {
            settings.smtp = configured_smtp();
        }
    }
    settings.mail =
        configured_mail(required_environment("FROM_EMAIL", "the address that mails come from"));
    return settings;
}

MailSettings configured_mail(const std::string& from_email) {
    require("FROM_EMAIL", address_fault(from_email));
    MailSettings settings;
    settings.from.address = from_email;
    const auto from_name = environment_value("FROM_NAME");
    auto& defaults = settings.defaults;
    defaults.shop_name =
        environment_value("SHOP_NAME").value_or(from_name.value_or(domain_of(from_email)));
    require("SHOP_NAME", name_fault(defaults.shop_name));
    settings.from.name = from_name.value_or(defaults.shop_name);
    if (!fits_display_name(settings.from.name)) {
        throw ConfigError(std::string(from_name ? "FROM_NAME" : "SHOP_NAME (set FROM_NAME)") +
                          " holds a ; or , or a control character, or is too long: no provider "
                          "takes it as a sender's name");
    }
    defaults.shop_url = configured_link("SHOP_URL");
    defaults.currency = configured_currency();
    settings.unsubscribe_url = environment_value("UNSUBSCRIBE_URL").value_or("");
    if (!settings.unsubscribe_url.empty()) {
        require("UNSUBSCRIBE_URL",
                link_fault(unsubscribe_link(settings.unsubscribe_url, "a@example.com", "type")));
    }
    settings.otp_validity = configured_otp_validity();
    return settings;
}

std::string unsubscribe_link(const std::string& pattern, const std::string& address,
                             const std::string& type) {
    auto link = pattern;
    replace_all(link, "{email}", percent_encoded(address));
    replace_all(link, "{type}", percent_encoded(type));
    return link;
}

}  // namespace coupon
