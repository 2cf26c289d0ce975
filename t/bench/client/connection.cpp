#include "connection.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace {

[[noreturn]] void fail(const char* what) { throw std::runtime_error(std::string(what) + ": " + std::strerror(errno)); }

}  // namespace

Connection::Connection(uint16_t port, uint8_t source) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    if (source != 0) {
        address.sin_addr.s_addr = htonl(0x7f000100U | source);
        if (bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
            fail("bind");
        }
    }
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd_ < 0 || connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
        fail("connect");
    }
    const int on = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    fcntl(fd_, F_SETFL, O_NONBLOCK);
}

Connection::~Connection() {
    if (fd_ >= 0) {
        close(fd_);
    }
}

Connection::Connection(Connection&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), answer_(std::move(other.answer_)) {}

void Connection::send(std::string_view request) {
    if (::send(fd_, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) {
        fail("send");
    }
}

int Connection::receive() {
    char bytes[4096];
    const ssize_t count = recv(fd_, bytes, sizeof(bytes), 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
        return 0;
    }
    if (count <= 0) {
        fail("the server closed the connection");
    }
    answer_.append(bytes, static_cast<size_t>(count));
    return status_of_whole_answer();
}

int Connection::status_of_whole_answer() {
    constexpr std::string_view kEnd = "\r\n\r\n";
    constexpr std::string_view kLength = "\r\nContent-Length: ";
    const size_t head = answer_.find(kEnd);
    if (head == std::string::npos) {
        return 0;
    }
    const size_t length_at = answer_.find(kLength);
    const size_t body = length_at < head ? std::strtoul(answer_.c_str() + length_at + kLength.size(), nullptr, 10) : 0;
    if (answer_.size() < head + kEnd.size() + body) {
        return 0;
    }
    const int status = std::atoi(answer_.c_str() + std::strlen("HTTP/1.1 "));
    answer_.clear();
    return status;
}
