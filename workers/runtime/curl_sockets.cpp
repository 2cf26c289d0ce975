#include "runtime/curl_sockets.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

namespace coupon {
namespace {

template <typename Ask>
int port_of(curl_socket_t fd, Ask ask) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    if (ask(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        return 0;
    }
    if (address.ss_family == AF_INET) {
        return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
    }
    return address.ss_family == AF_INET6
               ? ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port)
               : 0;
}

}  // namespace

curl_socket_t CurlSockets::open(const curl_sockaddr& address) {
    sockets_.reserve(sockets_.size() + 1);
    const int fd = ::socket(address.family, address.socktype | SOCK_CLOEXEC, address.protocol);
    if (fd >= 0) {
        sockets_.push_back({fd, 0, 0});
    }
    return fd;
}

int CurlSockets::close(void* sockets, curl_socket_t fd) noexcept {
    auto& all = static_cast<CurlSockets*>(sockets)->sockets_;
    all.erase(std::remove_if(all.begin(), all.end(),
                             [fd](const Socket& socket) { return socket.fd == fd; }),
              all.end());
    return ::close(fd);
}

bool CurlSockets::closed_by_peer(int local_port, int peer_port) {
    for (auto& socket : sockets_) {
        if (socket.peer_port == 0) {
            socket.local_port = port_of(socket.fd, ::getsockname);
            socket.peer_port = port_of(socket.fd, ::getpeername);
        }
        if (socket.local_port == local_port && socket.peer_port == peer_port) {
            pollfd ended{socket.fd, POLLRDHUP, 0};
            if (::poll(&ended, 1, 0) > 0) {
                return true;
            }
        }
    }
    return false;
}

void CurlSockets::shut_down() noexcept {
    for (const auto& socket : sockets_) {
        ::shutdown(socket.fd, SHUT_RDWR);
    }
}

}  // namespace coupon
