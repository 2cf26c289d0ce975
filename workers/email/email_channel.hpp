// E-mail to the sender: a template and the row's data become a mail for SendGrid or an SMTP server.
#pragma once

#include <memory>

#include "messages/message_channel.hpp"
#include "runtime/log.hpp"

namespace coupon {

// Reads its settings from the environment and loads the templates. Throws ConfigError that names
// the variable or the file.
std::unique_ptr<MessageChannel> make_email_channel(const Log& log);

}  // namespace coupon
