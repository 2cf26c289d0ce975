// The part of a client's address that one visitor shares: IPv4 whole, IPv6 by its /64 network.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace coupon {

struct ClientAddress {
    std::array<uint8_t, 8> bytes{};
    uint8_t size = 0;  // 4: IPv4, 8: the network of an IPv6 address

    std::string_view key() const noexcept {
        return {reinterpret_cast<const char*>(bytes.data()), size};
    }

    friend bool operator==(const ClientAddress&, const ClientAddress&) = default;
};

/// From the four bytes of an address in network order.
ClientAddress client_address_v4(const uint8_t* address) noexcept;

/// From the sixteen bytes of an address in network order; an IPv4 address mapped into IPv6 counts
/// as IPv4.
ClientAddress client_address_v6(const uint8_t* address) noexcept;

/// From text without port, brackets or zone; nothing when it is no address.
std::optional<ClientAddress> parse_client_address(std::string_view text) noexcept;

/// `192.0.2.1` or `2001:db8:1:2::`, as in the Redis key of the shared limit.
std::string to_string(const ClientAddress& address);

/// True for the text of an IPv4 or IPv6 address.
bool is_ip_address(std::string_view text) noexcept;

}  // namespace coupon
