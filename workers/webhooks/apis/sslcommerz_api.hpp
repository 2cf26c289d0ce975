// SSLCommerz's validation call, without which nothing counts as paid.
// SSLCOMMERZ_BASE_URL, SSLCOMMERZ_STORE_ID, SSLCOMMERZ_STORE_PASSWORD.
#pragma once

#include "webhooks/apis/api_answer.hpp"
#include "webhooks/events/event.hpp"
#include "webhooks/http_pool.hpp"

namespace coupon {

class SslcommerzApi {
  public:
    explicit SslcommerzApi(HttpPool& http) : http_(http) {}

    // Sets event.hold where the call says that the payment is risky. Throws RetryLater while
    // SSLCommerz does not say, ConfigError without credentials.
    Agreement confirm(WebhookEvent& event);

  private:
    HttpPool& http_;
};

}  // namespace coupon
