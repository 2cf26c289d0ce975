#include "sms/sms_channel.hpp"

#include "runtime/error.hpp"

namespace coupon {

std::unique_ptr<MessageChannel> make_sms_channel(const Log&) {
    throw ConfigError("the sms role is not part of this build");
}

}  // namespace coupon
