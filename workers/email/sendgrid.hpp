// SendGrid's v3 mail/send: the call that sends a mail, and what its answer means.
#pragma once

#include <cstdint>

#include "email/email_settings.hpp"
#include "email/mail.hpp"
#include "messages/message.hpp"
#include "runtime/http_client.hpp"

namespace coupon {

// The row's id goes along as custom_args.coupon_id, which SendGrid's event webhook brings back.
HttpRequest sendgrid_request(const SendgridSettings& settings, const Mail& mail);

SendOutcome sendgrid_outcome(const HttpAnswer& answer, std::int64_t now_s);

}  // namespace coupon
