// bKash's transaction search, asked where its credentials are set.
// BKASH_BASE_URL, BKASH_USERNAME, BKASH_PASSWORD, BKASH_APP_KEY, BKASH_APP_SECRET.
#pragma once

#include "webhooks/apis/api_answer.hpp"
#include "webhooks/apis/token_cache.hpp"
#include "webhooks/events/event.hpp"
#include "webhooks/http_pool.hpp"

namespace coupon {

class BkashApi {
  public:
    explicit BkashApi(HttpPool& http) : http_(http) {}

    [[nodiscard]] static bool configured();

    // Throws RetryLater while bKash does not say, ConfigError where credentials are set in part.
    Agreement confirm(const WebhookEvent& event);

  private:
    AccessToken grant();
    HttpAnswer search(const std::string& transaction);

    HttpPool& http_;
    TokenCache token_;
};

}  // namespace coupon
