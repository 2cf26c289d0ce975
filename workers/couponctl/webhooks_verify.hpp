// couponctl webhooks verify.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "operations/webhook_filter.hpp"

namespace coupon {

struct VerifyOptions {
    WebhookFilter filter;  // its provider must be set
    std::vector<std::string>
        secret_files;  // a secret a line; FILE@INDEX gives PhonePe's salt index
    std::vector<std::string> topics;
    std::string url;
    std::vector<std::string> scheme;  // the words behind `coupon_webhook hmac`
};

// Checks stored bodies and headers against these secrets as the edge would, whatever their age, and
// prints those that do not pass or are purged. Returns 1 when there are any. A provider whose evidence is not
// kept (a token in the URL) cannot be verified: CommandError.
int verify_webhooks(const VerifyOptions& options, std::ostream& out);

}  // namespace coupon
