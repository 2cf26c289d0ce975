#include "runtime/public_address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace coupon {
namespace {

struct Block4 {
    std::uint32_t network;
    int bits;
};

// https://www.iana.org/assignments/iana-ipv4-special-registry
constexpr std::array<Block4, 15> special_ipv4{{
    {0x00000000, 8},   // this network
    {0x0a000000, 8},   // private
    {0x64400000, 10},  // shared by carriers
    {0x7f000000, 8},   // loopback
    {0xa9fe0000, 16},  // link-local, where clouds keep their metadata
    {0xac100000, 12},  // private
    {0xc0000000, 24},  // protocol assignments
    {0xc0000200, 24},  // documentation
    {0xc0586300, 24},  // 6to4 relays
    {0xc0a80000, 16},  // private
    {0xc6120000, 15},  // benchmarks
    {0xc6336400, 24},  // documentation
    {0xcb007100, 24},  // documentation
    {0xe0000000, 4},   // multicast
    {0xf0000000, 4},   // reserved, broadcast
}};

using Bytes = std::array<unsigned char, 16>;

struct Block6 {
    Bytes network;
    int bits;
};

// Within 2000::/3, the only part that is global unicast.
// https://www.iana.org/assignments/iana-ipv6-special-registry
constexpr std::array<Block6, 4> special_ipv6{{
    {{0x20, 0x01, 0x00}, 23},              // protocol assignments, Teredo among them
    {{0x20, 0x01, 0x0d, 0xb8}, 32},        // documentation
    {{0x20, 0x02}, 16},                    // 6to4
    {{0x3f, 0xff, 0x00}, 20},              // documentation
}};

constexpr Block6 global_unicast{{0x20}, 3};
constexpr Block6 mapped_ipv4{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96};
constexpr Block6 nat64{{0, 0x64, 0xff, 0x9b}, 96};

bool is_in(const Bytes& address, const Block6& block) noexcept {
    for (int bit = 0; bit < block.bits; ++bit) {
        const auto mask = static_cast<unsigned char>(0x80U >> (bit % 8));
        if (((address[bit / 8] ^ block.network[bit / 8]) & mask) != 0) {
            return false;
        }
    }
    return true;
}

bool is_public_ipv4(std::uint32_t address) noexcept {
    return std::none_of(special_ipv4.begin(), special_ipv4.end(), [address](const Block4& block) {
        return ((address ^ block.network) >> (32 - block.bits)) == 0;
    });
}

bool is_public_ipv6(const Bytes& address) noexcept {
    if (is_in(address, mapped_ipv4) || is_in(address, nat64)) {
        std::uint32_t inner = 0;
        std::memcpy(&inner, address.data() + 12, sizeof inner);
        return is_public_ipv4(ntohl(inner));
    }
    return is_in(address, global_unicast) &&
           std::none_of(special_ipv6.begin(), special_ipv6.end(),
                        [&address](const Block6& block) { return is_in(address, block); });
}

}  // namespace

bool is_public_address(const sockaddr& address) noexcept {
    if (address.sa_family == AF_INET) {
        sockaddr_in ipv4{};
        std::memcpy(&ipv4, &address, sizeof ipv4);
        return is_public_ipv4(ntohl(ipv4.sin_addr.s_addr));
    }
    if (address.sa_family == AF_INET6) {
        sockaddr_in6 ipv6{};
        std::memcpy(&ipv6, &address, sizeof ipv6);
        Bytes bytes{};
        std::memcpy(bytes.data(), &ipv6.sin6_addr, bytes.size());
        return is_public_ipv6(bytes);
    }
    return false;
}

bool is_public_address(const std::string& text) noexcept {
    sockaddr_storage storage{};
    sockaddr_in ipv4{};
    sockaddr_in6 ipv6{};
    if (::inet_pton(AF_INET, text.c_str(), &ipv4.sin_addr) == 1) {
        ipv4.sin_family = AF_INET;
        std::memcpy(&storage, &ipv4, sizeof ipv4);
    } else if (::inet_pton(AF_INET6, text.c_str(), &ipv6.sin6_addr) == 1) {
        ipv6.sin6_family = AF_INET6;
        std::memcpy(&storage, &ipv6, sizeof ipv6);
    } else {
        return false;
    }
    return is_public_address(reinterpret_cast<const sockaddr&>(storage));
}

}  // namespace coupon
