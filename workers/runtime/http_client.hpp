// Outgoing HTTP through libcurl: every call has a deadline, a bound on the answer, and goes only
// where it may. Only this and its neighbours curl_*, mail_threads and transfers know libcurl.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/lease_clock.hpp"

namespace coupon {

// Where a call may go. Base URLs from the environment are the operator's word and may be anything
// (`trusted`); a URL that came with a request (a certificate, a subscription) may only be https,
// port 443, a public address (no loopback, private, link-local, multicast, unique-local, mapped or
// NAT64 form of these), checked on the address that is connected to, and no redirect is followed.
enum class HttpReach { trusted, public_https };

struct HttpRequest {
    std::string method = "GET";
    std::string url;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    std::string user, password;  // Basic, where not empty
    std::chrono::milliseconds connect_timeout{5'000};
    std::chrono::milliseconds timeout{20'000};
    std::size_t answer_max_bytes = 1 << 20;
    HttpReach reach = HttpReach::trusted;
    // False: sent once at most, also where a kept connection turns out to be dead after the request
    // was written, which libcurl would otherwise cure by sending it again.
    bool repeatable = true;
    // From then on it is not sent any more, however long it waited for its connection.
    LeaseClock::time_point not_after = LeaseClock::time_point::max();
};

struct HttpAnswer {
    // failed: it certainly did not happen (refused, no such host, TLS, forbidden address);
    // unknown: it may have happened (time-out, reset after sending, answer too long).
    enum class Outcome { answered, failed, unknown } outcome = Outcome::failed;
    int status = 0;
    std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
    std::string body;
    std::string error;  // one sentence: host and cause; never the query, a header or a secret
    bool too_late = false;  // failed: its time was over before it began

    [[nodiscard]] std::optional<std::string> header(const std::string& lower_case_name) const;
    [[nodiscard]] bool ok() const noexcept {
        return outcome == Outcome::answered && status >= 200 && status < 300;
    }
};

// HTTPS_CA_FILE: a bundle of certificates that replaces the system's for every outgoing TLS; empty
// where it is not set. Throws ConfigError where it cannot be read.
std::string https_ca_file();

class CurlHttp;
class CurlSockets;

// Keeps connections alive between calls. One thread at a time.
class HttpClient {
  public:
    HttpClient();
    ~HttpClient();
    HttpClient(HttpClient&&) noexcept;

    HttpAnswer send(const HttpRequest& request);

  private:
    // The sockets go last: closing a connection tells them.
    std::unique_ptr<CurlSockets> sockets_;
    std::unique_ptr<CurlHttp> call_;
};

}  // namespace coupon
