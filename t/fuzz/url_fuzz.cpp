// Any bytes as a merchant's URL: what is accepted has the host that libcurl reads as well, and says
// the same when it is written again from its parts.
#include <curl/curl.h>

#include <memory>

#include "check.hpp"
#include "core/url_authority.hpp"

namespace {

std::string part(CURLU* url, CURLUPart which) {
    char* text = nullptr;
    if (curl_url_get(url, which, &text, 0) != CURLUE_OK) {
        return {};
    }
    std::string copy(text);
    curl_free(text);
    return copy;
}

bool is_plain(const std::string& host) {
    return host.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-_[]:") ==
           std::string::npos;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const auto text = text_of(data, size);
    std::string reason;
    const auto parts = coupon::split_url(text, reason);
    check(parts.has_value() == reason.empty());
    if (!parts) {
        return 0;
    }
    check(parts->scheme == "http" || parts->scheme == "https");
    check(!parts->host.empty() && is_plain(parts->host));
    check(parts->host == coupon::normal_host(parts->host));
    check(parts->rest.empty() || parts->rest.find_first_of("/?#") == 0);
    const auto again = parts->scheme + "://" + parts->host +
                       (parts->port.empty() ? "" : ":" + parts->port) + std::string(parts->rest);
    const auto second = coupon::split_url(again, reason);
    check(second && second->host == parts->host && second->port == parts->port &&
          second->rest == parts->rest);

    // libcurl needs the text to end where C strings do, and knows no such long names.
    if (text.find('\0') != std::string_view::npos) {
        return 0;
    }
    const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> url(curl_url(), curl_url_cleanup);
    if (curl_url_set(url.get(), CURLUPART_URL, std::string(text).c_str(), 0) != CURLUE_OK) {
        return 0;
    }
    check(part(url.get(), CURLUPART_USER).empty() && part(url.get(), CURLUPART_PASSWORD).empty());
    auto host = part(url.get(), CURLUPART_HOST);
    // An IPv6 address or a number may be written in more ways than one.
    const bool is_address = host.starts_with('[') || parts->host.find_first_not_of(
                                                         "0123456789abcdefx.") == std::string::npos;
    check(is_address || coupon::normal_host(host) == parts->host);
    return 0;
}
