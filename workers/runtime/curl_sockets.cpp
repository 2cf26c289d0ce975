#include "runtime/curl_sockets.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

namespace coupon {
namespace {

template <typename Ask>
CurlEnd end_of(curl_socket_t fd, Ask ask) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (ask(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        return {};
    }
    if (address.ss_family == AF_INET) {
        const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
        ::inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
        return {text.data(), ntohs(v4.sin_port)};
    }
    if (address.ss_family == AF_INET6) {
        const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
        ::inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
        return {text.data(), ntohs(v6.sin6_port)};
    }
    return {};
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

std::shared_ptr<CurlConnection> CurlSockets::find(const CurlEnd& local, const CurlEnd& peer) {
    for (const auto& connection : connections_) {
        if (connection->peer.port == 0) {
            connection->local = end_of(connection->fd, ::getsockname);
            connection->peer = end_of(connection->fd, ::getpeername);
        }
        if (connection->local == local && connection->peer == peer) {
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
