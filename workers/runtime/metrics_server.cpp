#include "runtime/metrics_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "runtime/environment.hpp"
#include "runtime/error.hpp"

namespace coupon {
namespace {

using steady = std::chrono::steady_clock;

constexpr std::size_t request_max_bytes = 8192;
constexpr std::chrono::milliseconds connection_deadline{2000};

[[noreturn]] void fail(const std::string& what) {
    throw CommandError("METRICS_LISTEN: " + what + ": " + std::strerror(errno));
}

// Waits for the socket within what is left of the connection's time.
bool wait_for(int connection, short events, steady::time_point deadline) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - steady::now()).count();
    pollfd socket{connection, events, 0};
    return left > 0 && ::poll(&socket, 1, static_cast<int>(left)) > 0;
}

std::string read_request(int connection, steady::time_point deadline) {
    std::string request;
    std::array<char, 2048> part{};
    while (request.find("\r\n\r\n") == std::string::npos && request.size() < request_max_bytes &&
           wait_for(connection, POLLIN, deadline)) {
        const auto bytes = ::recv(connection, part.data(), part.size(), MSG_DONTWAIT);
        if (bytes <= 0) {
            break;
        }
        request.append(part.data(), static_cast<std::size_t>(bytes));
    }
    return request;
}

void write_all(int connection, std::string_view text, steady::time_point deadline) {
    while (!text.empty() && wait_for(connection, POLLOUT, deadline)) {
        const auto bytes =
            ::send(connection, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (bytes <= 0) {
            return;
        }
        text.remove_prefix(static_cast<std::size_t>(bytes));
    }
}

std::string response(std::string_view status, std::string_view type, const std::string& body) {
    return "HTTP/1.1 " + std::string(status) + "\r\nContent-Type: " + std::string(type) +
           "\r\nContent-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" +
           body;
}

int listen_at_path(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
        throw ConfigError("METRICS_LISTEN: the path of a unix socket is at most 107 bytes");
    }
    std::memcpy(address.sun_path, path.c_str(), path.size());
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        fail("cannot make a socket");
    }
    // Left by a worker that was killed; anything but a socket is somebody's file.
    struct stat there {};
    if (::lstat(path.c_str(), &there) == 0 && S_ISSOCK(there.st_mode)) {
        ::unlink(path.c_str());
    }
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        const int saved = errno;
        ::close(fd);
        errno = saved;
        fail("cannot listen at " + path);
    }
    return fd;
}

int listen_at_port(const ListenAddress& where) {
    sockaddr_storage storage{};
    socklen_t size = 0;
    auto& ipv4 = reinterpret_cast<sockaddr_in&>(storage);
    auto& ipv6 = reinterpret_cast<sockaddr_in6&>(storage);
    if (::inet_pton(AF_INET, where.host.c_str(), &ipv4.sin_addr) == 1) {
        ipv4.sin_family = AF_INET;
        ipv4.sin_port = htons(static_cast<std::uint16_t>(where.port));
        size = sizeof ipv4;
    } else if (::inet_pton(AF_INET6, where.host.c_str(), &ipv6.sin6_addr) == 1) {
        ipv6.sin6_family = AF_INET6;
        ipv6.sin6_port = htons(static_cast<std::uint16_t>(where.port));
        size = sizeof ipv6;
    } else {
        throw ConfigError("METRICS_LISTEN: the host must be an IP address");
    }
    const int fd = ::socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        fail("cannot make a socket");
    }
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&storage), size) != 0) {
        const int saved = errno;
        ::close(fd);
        errno = saved;
        fail("cannot listen at " + where.host + ":" + std::to_string(where.port));
    }
    return fd;
}

}  // namespace

ListenAddress parse_listen_address(const std::string& text, const std::string& instance) {
    std::string address = text;
    for (auto at = address.find("%i"); at != std::string::npos;
         at = address.find("%i", at + instance.size())) {
        address.replace(at, 2, instance);
    }
    if (address.starts_with("unix:")) {
        if (address.size() == 5) {
            throw ConfigError("METRICS_LISTEN: unix: needs a path");
        }
        return {"", 0, address.substr(5)};
    }
    const auto colon = address.rfind(':');
    if (colon == std::string::npos || colon == 0) {
        throw ConfigError("METRICS_LISTEN is neither host:port nor unix:PATH");
    }
    ListenAddress parsed{address.substr(0, colon), 0, ""};
    if (parsed.host.front() == '[' && parsed.host.back() == ']') {
        parsed.host = parsed.host.substr(1, parsed.host.size() - 2);
    }
    if (parsed.host == "localhost") {
        parsed.host = "127.0.0.1";
    }
    const auto* end = address.data() + address.size();
    const auto number = std::from_chars(address.data() + colon + 1, end, parsed.port);
    if (number.ec != std::errc{} || number.ptr != end || parsed.port < 1 || parsed.port > 65535) {
        throw ConfigError("METRICS_LISTEN: the port is none");
    }
    return parsed;
}

std::optional<ListenAddress> configured_metrics_listen() {
    const auto text = environment_value("METRICS_LISTEN");
    if (!text) {
        return std::nullopt;
    }
    return parse_listen_address(*text, environment_value("WORKER_INSTANCE").value_or("0"));
}

MetricsServer::MetricsServer(const ListenAddress& address, Metrics& metrics)
    : metrics_(metrics), path_(address.path) {
    listener_ = path_.empty() ? listen_at_port(address) : listen_at_path(path_);
    stop_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (stop_ < 0 || ::listen(listener_, 16) != 0) {
        const int saved = errno;
        ::close(listener_);
        ::close(stop_);
        errno = saved;
        fail("cannot listen");
    }
    thread_ = std::thread([this] { run(); });
}

MetricsServer::~MetricsServer() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(stop_, &one, sizeof one);
    thread_.join();
    ::close(listener_);
    ::close(stop_);
    if (!path_.empty()) {
        ::unlink(path_.c_str());
    }
}

void MetricsServer::run() {
    while (true) {
        std::array<pollfd, 2> events{{{listener_, POLLIN, 0}, {stop_, POLLIN, 0}}};
        if (::poll(events.data(), events.size(), -1) < 0 && errno != EINTR) {
            return;
        }
        if (events[1].revents != 0) {
            return;
        }
        const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (connection >= 0) {
            answer(connection);
            ::close(connection);
        }
    }
}

void MetricsServer::answer(int connection) {
    const auto deadline = steady::now() + connection_deadline;
    const auto request = read_request(connection, deadline);
    const auto line = request.substr(0, request.find("\r\n"));
    if (line.starts_with("GET /metrics ") || line.starts_with("GET /metrics?")) {
        const auto body = metrics_.text();
        // Asking PostgreSQL may have taken all of the time.
        write_all(connection, response("200 OK", "text/plain; version=0.0.4", body),
                  steady::now() + connection_deadline);
    } else if (!line.empty()) {
        write_all(connection, response("404 Not Found", "text/plain", "only GET /metrics\n"),
                  deadline);
    }
}

}  // namespace coupon
