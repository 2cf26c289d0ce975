// Who may move money: what the provider signed, and what its own API confirms.
#pragma once

#include <optional>
#include <string>

#include "webhooks/apis/bkash_api.hpp"
#include "webhooks/apis/phonepe_api.hpp"
#include "webhooks/apis/sns_certificates.hpp"
#include "webhooks/apis/sslcommerz_api.hpp"
#include "webhooks/outcome.hpp"

namespace coupon {

// Asks outside of any transaction. Safe from several threads.
class Trust {
  public:
    Trust() : phonepe_(http_), sslcommerz_(http_), bkash_(http_), certificates_(http_) {}

    // What the edge could not check, before anything of the body is believed: nothing when the
    // webhook is genuine or was checked at the edge. Throws RetryLater.
    std::optional<EventResult> authenticate(const WebhookInput& input);

    // Before an event has its effect: nothing when it may. Throws RetryLater, ConfigError.
    std::optional<EventResult> confirm(const WebhookInput& input, WebhookEvent& event);

  private:
    HttpPool http_;
    PhonepeApi phonepe_;
    SslcommerzApi sslcommerz_;
    BkashApi bkash_;
    SnsCertificates certificates_;
};

}  // namespace coupon
