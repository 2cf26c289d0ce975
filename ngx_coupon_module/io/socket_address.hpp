// The address of a server, resolved while NGINX reads its configuration: never on the event loop.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coupon {

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t length = 0;
    std::string text;  // for log lines: "127.0.0.1:6379", "unix:/run/redis.sock"

    const sockaddr* raw() const noexcept { return reinterpret_cast<const sockaddr*>(&storage); }
};

// "host:port", "host", "[v6]:port" or "unix:/path" → every address it has; blocks on the resolver.
// Empty with a text in `error` when the word is no address or the name is unknown.
std::vector<SocketAddress> resolve_address(std::string_view text, uint16_t default_port,
                                           std::string& error);

// An address in numbers only, as a sentinel answers it; does not block. Empty for a host name.
std::optional<SocketAddress> numeric_address(const std::string& host, const std::string& port);

}  // namespace coupon
