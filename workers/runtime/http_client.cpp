#include "runtime/http_client.hpp"

#include "runtime/curl_http.hpp"

namespace coupon {

HttpClient::HttpClient()
    : sockets_(std::make_unique<CurlSockets>()), call_(std::make_unique<CurlHttp>(*sockets_)) {}
HttpClient::~HttpClient() = default;
HttpClient::HttpClient(HttpClient&&) noexcept = default;

HttpAnswer HttpClient::send(const HttpRequest& request) {
    if (!call_->begin(request)) {
        return call_->end(CURLE_OK);
    }
    auto code = curl_easy_perform(call_->handle());
    if (code != CURLE_OK && call_->stale() && call_->begin(request, true)) {
        code = curl_easy_perform(call_->handle());
    }
    return call_->end(code);
}

}  // namespace coupon
