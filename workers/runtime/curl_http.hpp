// One HTTP call on one of libcurl's handles: what HttpClient and Transfers share.
#pragma once

#include "runtime/curl_handle.hpp"
#include "runtime/http_client.hpp"

namespace coupon {

class CurlHttp {
  public:
    explicit CurlHttp(CurlSockets& sockets) : sockets_(sockets) {}

    // Fits the handle out for the call; the request must live until it ended. False: it cannot be
    // made, and end() says why. `fresh`: the same call again, on a connection of its own. Within a
    // CorrelationScope the call carries a `traceparent`.
    bool begin(const HttpRequest& request, bool fresh = false);

    // After a transfer that failed, where true: the kept connection had been closed by the server
    // before anything was written to it, or the server did not look at it any more. Begin again,
    // fresh.
    [[nodiscard]] bool stale() const noexcept { return stale_ || refused_stream(); }

    // What came of it, once.
    HttpAnswer end(CURLcode code);

    [[nodiscard]] CURL* handle() const noexcept { return handle_.get(); }

  private:
    void set_headers(const HttpRequest& request);
    void set_method(const HttpRequest& request);
    void set_callbacks();
    bool refuse(const std::string& why);
    // The last time it was sent, it was beyond what the server said it would look at.
    [[nodiscard]] bool refused_stream() const noexcept {
        return connection_ && stream_ > connection_->last_stream;
    }
    [[nodiscard]] long sent_bytes() const;

    // libcurl's callbacks; nothing may be thrown through it.
    static size_t take_body(char* data, size_t size, size_t count, void* self) noexcept;
    static size_t take_header(char* data, size_t size, size_t count, void* self) noexcept;
    static curl_socket_t open_socket(void* self, curlsocktype, curl_sockaddr* address) noexcept;
    static int before_sending(void* self, char* peer, char* local, int peer_port,
                              int local_port) noexcept;
    static int watch(CURL*, curl_infotype type, char* text, size_t size, void* self) noexcept;

    CurlSockets& sockets_;
    CurlHandle handle_;
    CurlList headers_;
    HttpAnswer answer_;
    std::string host_;
    std::string traceparent_;
    // Where it was last sent, and as which stream; 0 where there are none.
    std::shared_ptr<CurlConnection> connection_;
    std::uint32_t stream_ = 0;
    std::size_t body_max_ = 0;
    std::size_t header_bytes_ = 0;
    bool public_only_ = false;
    bool repeatable_ = true;
    LeaseClock::time_point not_after_ = LeaseClock::time_point::max();
    bool too_long_ = false;
    bool forbidden_ = false;
    bool stale_ = false;
    bool broke_ = false;
    bool too_late_ = false;
};

}  // namespace coupon
