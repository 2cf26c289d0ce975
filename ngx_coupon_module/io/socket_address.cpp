#include "io/socket_address.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <charconv>
#include <cstring>
#include <memory>

namespace coupon {
namespace {

using AddressList = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

bool valid_port(std::string_view text) {
    uint32_t port = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), port);
    return failure == std::errc() && end == text.data() + text.size() && port > 0 && port < 65536;
}

// An error number of getaddrinfo, 0 on success.
int look_up(const std::string& host, const std::string& port, int flags, AddressList& found) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags | AI_NUMERICSERV;
    addrinfo* list = nullptr;
    const int failure = getaddrinfo(host.c_str(), port.c_str(), &hints, &list);
    found = AddressList(list, freeaddrinfo);
    return failure;
}

SocketAddress address_of(const addrinfo& found) {
    SocketAddress address;
    std::memcpy(&address.storage, found.ai_addr, found.ai_addrlen);
    address.length = found.ai_addrlen;
    char host[NI_MAXHOST] = "";
    char port[NI_MAXSERV] = "";
    getnameinfo(found.ai_addr, found.ai_addrlen, host, sizeof host, port, sizeof port,
                NI_NUMERICHOST | NI_NUMERICSERV);
    address.text = found.ai_family == AF_INET6 ? "[" + std::string(host) + "]:" + port
                                               : std::string(host) + ":" + port;
    return address;
}

std::vector<SocketAddress> unix_address(std::string_view path, std::string& error) {
    SocketAddress address;
    auto* local = reinterpret_cast<sockaddr_un*>(&address.storage);
    if (path.empty() || path.front() != '/' || path.size() >= sizeof local->sun_path) {
        error = "needs an absolute socket path of at most " +
                std::to_string(sizeof local->sun_path - 1) + " bytes after \"unix:\"";
        return {};
    }
    local->sun_family = AF_UNIX;
    std::memcpy(local->sun_path, path.data(), path.size());
    address.length = sizeof *local;
    address.text = "unix:" + std::string(path);
    return {address};
}

}  // namespace

std::vector<SocketAddress> resolve_address(std::string_view text, uint16_t default_port,
                                           std::string& error) {
    if (text.starts_with("unix:")) {
        return unix_address(text.substr(5), error);
    }
    std::string_view host = text;
    std::string_view port;
    bool has_port = false;
    if (text.starts_with('[')) {
        const size_t end = text.find(']');
        host = text.substr(1, end == text.npos ? text.npos : end - 1);
        const auto rest = end == text.npos ? std::string_view("?") : text.substr(end + 1);
        has_port = !rest.empty();
        port = rest.starts_with(':') ? rest.substr(1) : std::string_view();
    } else if (const size_t colon = text.rfind(':'); colon != text.npos) {
        host = text.substr(0, colon);
        port = text.substr(colon + 1);
        has_port = true;
    }
    if (host.empty() || (has_port && !valid_port(port))) {
        error = "is not an address, write host:port: \"" + std::string(text) + "\"";
        return {};
    }
    AddressList found(nullptr, freeaddrinfo);
    if (const int failure =
            look_up(std::string(host), has_port ? std::string(port) : std::to_string(default_port),
                    0, found);
        failure != 0) {
        error = "cannot resolve \"" + std::string(host) + "\": " + gai_strerror(failure);
        return {};
    }
    std::vector<SocketAddress> addresses;
    for (const addrinfo* one = found.get(); one != nullptr; one = one->ai_next) {
        addresses.push_back(address_of(*one));
    }
    return addresses;
}

std::optional<SocketAddress> numeric_address(const std::string& host, const std::string& port) {
    AddressList found(nullptr, freeaddrinfo);
    if (!valid_port(port) || look_up(host, port, AI_NUMERICHOST, found) != 0) {
        return std::nullopt;
    }
    return address_of(*found);
}

}  // namespace coupon
