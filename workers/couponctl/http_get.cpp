#include "couponctl/http_get.hpp"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <string_view>

#include "runtime/error.hpp"

namespace coupon {
namespace {

constexpr std::size_t answer_bytes_max = 4 << 20;

struct Target {
    std::string host;
    std::string port = "80";
    std::string path = "/";
};

class Socket {
  public:
    explicit Socket(int fd) : fd_(fd) {}
    ~Socket() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    [[nodiscard]] int fd() const noexcept { return fd_; }

  private:
    int fd_;
};

Target parse_target(const std::string& url) {
    constexpr std::string_view scheme = "http://";
    if (!url.starts_with(scheme)) {
        throw ConfigError("COUPON_EDGE_URL must begin with http://");
    }
    Target target;
    std::string_view rest(url);
    rest.remove_prefix(scheme.size());
    if (const auto slash = rest.find('/'); slash != std::string_view::npos) {
        target.path = rest.substr(slash);
        rest = rest.substr(0, slash);
    }
    const auto colon = rest.rfind(':');
    if (colon != std::string_view::npos && !rest.ends_with(']')) {
        target.port = rest.substr(colon + 1);
        rest = rest.substr(0, colon);
    }
    if (rest.starts_with('[') && rest.ends_with(']')) {
        rest = rest.substr(1, rest.size() - 2);
    }
    target.host = rest;
    if (target.host.empty() || target.port.empty()) {
        throw ConfigError("COUPON_EDGE_URL names no host");
    }
    return target;
}

int connect_to(const Target& target, int timeout_ms) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (const int error = ::getaddrinfo(target.host.c_str(), target.port.c_str(), &hints, &found);
        error != 0) {
        throw CommandError("cannot resolve " + target.host +
                           " of COUPON_EDGE_URL: " + ::gai_strerror(error));
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, ::freeaddrinfo);
    const timeval timeout{timeout_ms / 1000, timeout_ms % 1000 * 1000};
    int error = 0;
    for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
        const int fd = ::socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0) {
            error = errno;
            continue;
        }
        ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
        ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
        if (::connect(fd, address->ai_addr, address->ai_addrlen) == 0) {
            return fd;
        }
        error = errno;
        ::close(fd);
    }
    throw CommandError("the edge at " + target.host + ":" + target.port + " does not answer (" +
                       std::strerror(error) + "): is NGINX running, and is COUPON_EDGE_URL right?");
}

std::string exchange(int fd, const std::string& request) {
    if (::send(fd, request.data(), request.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(request.size())) {
        throw CommandError(std::string("cannot ask the edge: ") + std::strerror(errno));
    }
    std::string answer;
    std::array<char, 16384> chunk{};
    while (answer.size() < answer_bytes_max) {
        const ssize_t size = ::recv(fd, chunk.data(), chunk.size(), 0);
        if (size == 0) {
            break;
        }
        if (size < 0) {
            throw CommandError(std::string("the edge does not finish its answer: ") +
                               std::strerror(errno));
        }
        answer.append(chunk.data(), static_cast<std::size_t>(size));
    }
    return answer;
}

// HTTP/1.0 is asked for, so the body is never chunked.
HttpAnswer parse_answer(const std::string& text) {
    HttpAnswer answer;
    const auto body = text.find("\r\n\r\n");
    if (!text.starts_with("HTTP/1.") || body == std::string::npos ||
        std::from_chars(text.data() + 9, text.data() + 12, answer.status).ec != std::errc{}) {
        throw CommandError("what answers at COUPON_EDGE_URL does not speak HTTP");
    }
    answer.body = text.substr(body + 4);
    return answer;
}

}  // namespace

HttpAnswer http_get(const std::string& base, const std::string& query, int timeout_ms) {
    const auto target = parse_target(base);
    const Socket socket(connect_to(target, timeout_ms));
    return parse_answer(exchange(socket.fd(), "GET " + target.path + "?" + query +
                                                  " HTTP/1.0\r\nHost: " + target.host +
                                                  "\r\nUser-Agent: couponctl\r\n\r\n"));
}

std::string percent_encoded(const std::string& text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (std::isalnum(byte) != 0 || c == '-' || c == '.' || c == '_' || c == '~') {
            out += c;
        } else {
            out += {'%', digits[byte >> 4], digits[byte & 15]};
        }
    }
    return out;
}

}  // namespace coupon
