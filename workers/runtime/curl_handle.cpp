#include "runtime/curl_handle.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <new>

#include "runtime/error.hpp"
#include "runtime/http_client.hpp"

namespace coupon {
namespace {

struct UrlDeleter {
    void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); }
};

void initialise_libcurl() {
    static const CURLcode done = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (done != CURLE_OK) {
        throw std::runtime_error("libcurl cannot be initialised");
    }
}

std::string url_part(CURLU* url, CURLUPart part, unsigned flags = 0) {
    char* text = nullptr;
    if (curl_url_get(url, part, &text, flags) != CURLUE_OK || text == nullptr) {
        return {};
    }
    std::string copy = text;
    curl_free(text);
    return copy;
}

// Zero would mean none to libcurl.
long as_timeout_ms(std::chrono::milliseconds time) {
    return static_cast<long>(std::max<std::int64_t>(time.count(), 1));
}

}  // namespace

std::string https_ca_file() {
    const char* path = std::getenv("HTTPS_CA_FILE");
    if (path == nullptr || *path == '\0') {
        return {};
    }
    std::ifstream file(path);
    if (!file.is_open() || file.peek() == std::ifstream::traits_type::eof()) {
        throw ConfigError(std::string("HTTPS_CA_FILE names a file that cannot be read: ") + path);
    }
    return path;
}

void append(CurlList& list, const std::string& line) {
    curl_slist* longer = curl_slist_append(list.get(), line.c_str());
    if (longer == nullptr) {
        throw std::bad_alloc();
    }
    static_cast<void>(list.release());
    list.reset(longer);
}

bool has_line_end(std::string_view text) {
    return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

CurlTarget::CurlTarget(const std::string& text) {
    const std::unique_ptr<CURLU, UrlDeleter> url(curl_url());
    if (!url || text.find('\0') != std::string::npos ||
        curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) {
        return;
    }
    readable = true;
    scheme = url_part(url.get(), CURLUPART_SCHEME);
    host = url_part(url.get(), CURLUPART_HOST);
    port = url_part(url.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
    user = url_part(url.get(), CURLUPART_USER);
}

CurlHandle::CurlHandle() : ca_file_(https_ca_file()) {
    initialise_libcurl();
    curl_ = curl_easy_init();
    if (curl_ == nullptr) {
        throw std::bad_alloc();
    }
}

void CurlHandle::prepare(const std::string& url, const char* protocols, const CurlTimes& times,
                         const std::string& user, const std::string& password) {
    curl_easy_reset(curl_);  // keeps the connections
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_PROTOCOLS_STR, protocols);
    set(CURLOPT_PROXY, "");
    set(CURLOPT_NOSIGNAL, 1L);
    // A name server that hangs is left to its thread; libcurl would wait for it, past any time-out,
    // and hold up all that shares our thread.
    set(CURLOPT_QUICK_EXIT, 1L);
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    // One file and no folder is what libcurl keeps read between connections.
    if (!ca_file_.empty()) {
        set(CURLOPT_CAINFO, ca_file_.c_str());
    }
    set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
    set(CURLOPT_CONNECTTIMEOUT_MS, as_timeout_ms(times.connect));
    set(CURLOPT_TIMEOUT_MS, as_timeout_ms(times.whole));
    if (!user.empty()) {
        set(CURLOPT_USERNAME, user.c_str());
        set(CURLOPT_PASSWORD, password.c_str());
    }
}

}  // namespace coupon
