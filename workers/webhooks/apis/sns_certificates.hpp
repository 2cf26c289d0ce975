// Certificates that messages of SNS are signed with: fetched from AWS once, kept by their URL.
// SNS_BASE_URL replaces https://<host> of each, for a stand-in.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "webhooks/http_pool.hpp"

namespace coupon {

// Where a URL of SNS is really called: itself, below public https only; or the same path below
// SNS_BASE_URL. The caller has checked the URL.
HttpRequest sns_request(const std::string& url);

class SnsCertificates {
  public:
    explicit SnsCertificates(HttpPool& http) : http_(http) {}

    // PEM. Throws RetryLater while AWS hands out none. The caller has checked the URL
    // (is_sns_certificate_url).
    std::string get(const std::string& url);

  private:
    HttpPool& http_;
    std::mutex mutex_;
    std::map<std::string, std::string> by_url_;
};

}  // namespace coupon
