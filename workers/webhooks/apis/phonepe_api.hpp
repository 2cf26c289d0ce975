// PhonePe's status calls: what its webhooks say is believed when these agree.
// PHONEPE_BASE_URL, PHONEPE_TOKEN_URL, PHONEPE_CLIENT_ID, PHONEPE_CLIENT_SECRET,
// PHONEPE_CLIENT_VERSION; for v1 PHONEPE_V1_BASE_URL, PHONEPE_MERCHANT_ID, PHONEPE_SALT_KEY,
// PHONEPE_SALT_INDEX.
#pragma once

#include "webhooks/apis/api_answer.hpp"
#include "webhooks/apis/token_cache.hpp"
#include "webhooks/events/event.hpp"
#include "webhooks/http_pool.hpp"

namespace coupon {

class PhonepeApi {
  public:
    explicit PhonepeApi(HttpPool& http) : http_(http) {}

    // Order or refund status of v2, order status of v1. Throws RetryLater while PhonePe does not
    // say or has not decided, ConfigError without credentials.
    Agreement confirm(const WebhookEvent& event);

  private:
    HttpAnswer get(const std::string& path);
    AccessToken grant();
    Agreement confirm_v1(const WebhookEvent& event);

    HttpPool& http_;
    TokenCache token_;
};

}  // namespace coupon
