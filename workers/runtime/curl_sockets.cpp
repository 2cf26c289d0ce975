#include "runtime/curl_sockets.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

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

bool CurlConnection::closed_by_peer() const noexcept {
    pollfd ended{fd, POLLRDHUP, 0};
    return ::poll(&ended, 1, 0) > 0;
}

curl_socket_t CurlSockets::open(const curl_sockaddr& address) {
    auto connection = std::make_shared<CurlConnection>();
    connections_.reserve(connections_.size() + 1);
    connection->fd = ::socket(address.family, address.socktype | SOCK_CLOEXEC, address.protocol);
    const int fd = connection->fd;
    if (fd >= 0) {
        connections_.push_back(std::move(connection));
    }
    return fd;
}

int CurlSockets::close(void* sockets, curl_socket_t fd) noexcept {
    std::erase_if(static_cast<CurlSockets*>(sockets)->connections_,
                  [fd](const auto& connection) { return connection->fd == fd; });
    return ::close(fd);
}

std::shared_ptr<CurlConnection> CurlSockets::find(int local_port, int peer_port) noexcept {
    for (const auto& connection : connections_) {
        if (connection->peer_port == 0) {
            connection->local_port = port_of(connection->fd, ::getsockname);
            connection->peer_port = port_of(connection->fd, ::getpeername);
        }
        if (connection->local_port == local_port && connection->peer_port == peer_port) {
            return connection;
        }
    }
    return nullptr;
}

void CurlSockets::shut_down() noexcept {
    for (const auto& connection : connections_) {
        ::shutdown(connection->fd, SHUT_RDWR);
    }
}

}  // namespace coupon
