// SMS and WhatsApp to the sender: a registered template and the row's data become a call of MSG91
// or Twilio.
#pragma once

#include <memory>

#include "messages/message_channel.hpp"
#include "runtime/log.hpp"

namespace coupon {

// Reads its settings from the environment and loads the templates' descriptions. Throws ConfigError
// that names the variable or the file.
std::unique_ptr<MessageChannel> make_sms_channel(const Log& log);

}  // namespace coupon
