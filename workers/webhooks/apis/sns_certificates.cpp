#include "webhooks/apis/sns_certificates.hpp"

#include "runtime/environment.hpp"
#include "runtime/retry_policy.hpp"
#include "webhooks/apis/api_answer.hpp"

namespace coupon {
namespace {

constexpr std::size_t kept_max = 64;
constexpr std::size_t certificate_bytes_max = 64 * 1024;
constexpr std::string_view scheme = "https://";

}  // namespace

HttpRequest sns_request(const std::string& url) {
    HttpRequest request;
    request.timeout = std::chrono::seconds(10);
    const auto stand_in = base_url("SNS_BASE_URL", "");
    if (stand_in.empty()) {
        request.url = url;
        request.reach = HttpReach::public_https;
    } else {
        request.url = stand_in + url.substr(url.find('/', scheme.size()));
    }
    return request;
}

std::string SnsCertificates::get(const std::string& url) {
    {
        const std::lock_guard lock(mutex_);
        if (const auto known = by_url_.find(url); known != by_url_.end()) {
            return known->second;
        }
    }
    auto request = sns_request(url);
    request.answer_max_bytes = certificate_bytes_max;
    const auto answer = http_.send(request);
    require_answer(answer, "SNS");
    // What stands between us and AWS may answer 200 as well; kept, it would make every message a
    // forgery.
    if (answer.body.find("-----BEGIN CERTIFICATE-----") == std::string::npos) {
        throw RetryLater("SNS answers without a certificate");
    }
    const std::lock_guard lock(mutex_);
    if (by_url_.size() >= kept_max) {
        by_url_.clear();
    }
    by_url_[url] = answer.body;
    return answer.body;
}

}  // namespace coupon
