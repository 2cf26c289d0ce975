#include "email/email_channel.hpp"

#include "runtime/error.hpp"

namespace coupon {

std::unique_ptr<MessageChannel> make_email_channel(const Log&) {
    throw ConfigError("the email role is not part of this build");
}

}  // namespace coupon
