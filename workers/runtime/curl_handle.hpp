// One easy handle of libcurl and what every outgoing call sets on it, HTTP or mail.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "runtime/curl_sockets.hpp"

namespace coupon {

struct CurlListDeleter {
    void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using CurlList = std::unique_ptr<curl_slist, CurlListDeleter>;

// Throws bad_alloc.
void append(CurlList& list, const std::string& line);

// What may not stand in a header or a command, because the protocol would go on behind it.
bool has_line_end(std::string_view text);

// The parts of a URL that messages and rules need; all empty where libcurl cannot read it.
struct CurlTarget {
    explicit CurlTarget(const std::string& url);
    bool readable = false;
    std::string scheme, host, port, user;
};

// In an answer whose not_after had passed.
inline constexpr const char* too_late_text = "its time was over before it began";

struct CurlTimes {
    std::chrono::milliseconds connect, whole;
};

class CurlHandle {
  public:
    // Throws ConfigError where HTTPS_CA_FILE cannot be read.
    CurlHandle();
    ~CurlHandle() { curl_easy_cleanup(curl_); }
    CurlHandle(const CurlHandle&) = delete;
    CurlHandle& operator=(const CurlHandle&) = delete;

    [[nodiscard]] CURL* get() const noexcept { return curl_; }

    // Throws std::runtime_error for what libcurl was built without.
    template <typename Value>
    void set(CURLoption option, Value value) {
        if (const auto code = curl_easy_setopt(curl_, option, value); code != CURLE_OK) {
            throw std::runtime_error(std::string("libcurl: ") + curl_easy_strerror(code));
        }
    }

    // Forgets the call before, keeps its connection, and sets what all calls have in common.
    // `protocols` as CURLOPT_PROTOCOLS_STR.
    void prepare(const std::string& url, const char* protocols, const CurlTimes& times,
                 const std::string& user, const std::string& password);

  private:
    const std::string ca_file_;
    CURL* curl_;
};

}  // namespace coupon
