// The sockets of those who keep connections, so that one which the server has closed meanwhile is
// noticed before a request is written to it.
#pragma once

#include <curl/curl.h>

#include <vector>

namespace coupon {

// Must outlive the connections. Used by one thread at a time.
class CurlSockets {
  public:
    CurlSockets() = default;
    CurlSockets(const CurlSockets&) = delete;
    CurlSockets& operator=(const CurlSockets&) = delete;

    curl_socket_t open(const curl_sockaddr& address);
    // For CURLOPT_CLOSESOCKETFUNCTION, whose data is the CurlSockets.
    static int close(void* sockets, curl_socket_t fd) noexcept;

    // The server has ended the connection between these ports. libcurl itself is misled by what TLS
    // writes before the end, sends its request, and cannot tell whether it was read.
    [[nodiscard]] bool closed_by_peer(int local_port, int peer_port);
    // Ends all connections without a word of their protocol.
    void shut_down() noexcept;

  private:
    struct Socket {
        curl_socket_t fd;
        int local_port, peer_port;  // 0: not connected when it was last asked
    };
    std::vector<Socket> sockets_;
};

}  // namespace coupon
