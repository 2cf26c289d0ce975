// The sockets of those who keep connections, so that one which the server has closed meanwhile is
// noticed before a request is written to it.
#pragma once

#include <curl/curl.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace coupon {

// An address and a port, as libcurl names them.
struct CurlEnd {
    std::string address;
    int port = 0;
    bool operator==(const CurlEnd&) const = default;
};

struct CurlConnection {
    curl_socket_t fd;
    CurlEnd local, peer;  // port 0: was not connected when it was last asked
    // HTTP/2: the server looks at no stream beyond it.
    std::uint32_t last_stream = UINT32_MAX;

    // The server has ended it. libcurl itself is misled by what TLS writes before the end, sends
    // its request, and cannot tell whether it was read.
    [[nodiscard]] bool closed_by_peer() const noexcept;
};

// Must outlive the connections. Used by one thread at a time.
class CurlSockets {
  public:
    CurlSockets() = default;
    CurlSockets(const CurlSockets&) = delete;
    CurlSockets& operator=(const CurlSockets&) = delete;

    curl_socket_t open(const curl_sockaddr& address);
    // For CURLOPT_CLOSESOCKETFUNCTION, whose data is the CurlSockets.
    static int close(void* sockets, curl_socket_t fd) noexcept;

    // The open connection between these ends; null where there is none.
    std::shared_ptr<CurlConnection> find(const CurlEnd& local, const CurlEnd& peer);

    // Ends all connections without a word of their protocol.
    void shut_down() noexcept;

  private:
    std::vector<std::shared_ptr<CurlConnection>> connections_;
};

}  // namespace coupon
