// What the e-mail role is told by the environment.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "email/mail.hpp"
#include "email/template_data.hpp"
#include "messages/message_channel.hpp"

namespace coupon {

struct SendgridSettings {
    std::string base_url;  // without a slash at its end
    std::string api_key;
};

struct SmtpSettings {
    std::string url;  // smtp:// or smtps://
    std::string user, password;
    bool require_tls = true;
};

// What every mail has in common.
struct MailSettings {
    MailAddress from;
    std::string unsubscribe_url;  // {email} and {type} are macros; may be empty
    TemplateDefaults defaults;    // year is not set
    std::chrono::seconds otp_validity{0};
};

struct EmailSettings {
    std::vector<MessageProvider> providers;  // sendgrid, smtp; the order is that of preference
    SendgridSettings sendgrid;               // filled where it is among them
    SmtpSettings smtp;
    MailSettings mail;
};

// Both throw ConfigError that names the variable.
EmailSettings configured_email();
MailSettings configured_mail(const std::string& from_email);

// The address with its macros filled in, percent-encoded.
std::string unsubscribe_link(const std::string& pattern, const std::string& address,
                             const std::string& type);

}  // namespace coupon
