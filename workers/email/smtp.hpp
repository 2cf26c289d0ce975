// Mail by SMTP: the transfer that sends it, and what the server's last reply means.
#pragma once

#include <cstdint>

#include "email/email_settings.hpp"
#include "email/mail.hpp"
#include "messages/message.hpp"
#include "runtime/transfers.hpp"

namespace coupon {

// Message-ID is the row's id at the sender's domain, so that a mail that came twice shows as one.
MailRequest smtp_request(const SmtpSettings& settings, const Mail& mail, std::int64_t now_s);

SendOutcome smtp_outcome(const HttpAnswer& answer);

}  // namespace coupon
