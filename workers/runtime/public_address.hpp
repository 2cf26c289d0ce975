// Which addresses are of the public Internet: where a URL that came with a request may lead.
#pragma once

#include <sys/socket.h>

#include <string>

namespace coupon {

// False for whatever is loopback, private, shared (CGNAT), link-local, multicast, unique-local,
// documentation, reserved or unspecified, for IPv6 forms that carry such an IPv4 address (mapped,
// NAT64), for tunnels that hide one (6to4, Teredo), and for other families.
bool is_public_address(const sockaddr& address) noexcept;

// The same for a text; false where it is no address.
bool is_public_address(const std::string& text) noexcept;

}  // namespace coupon
