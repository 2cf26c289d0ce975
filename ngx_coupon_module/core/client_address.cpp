#include "core/client_address.hpp"

#include <arpa/inet.h>

#include <cstring>

namespace coupon {

namespace {

/// Address bytes in network order: 4 or 16 of them, 0 when the text is no address.
size_t read_address(std::string_view text, uint8_t (&bytes)[16]) noexcept {
    char terminated[INET6_ADDRSTRLEN];
    if (text.size() >= sizeof terminated || text.find('\0') != std::string_view::npos)
        return 0;
    if (!text.empty())
        std::memcpy(terminated, text.data(), text.size());
    terminated[text.size()] = '\0';
    if (inet_pton(AF_INET, terminated, bytes) == 1)
        return 4;
    return inet_pton(AF_INET6, terminated, bytes) == 1 ? 16 : 0;
}

}  // namespace

ClientAddress client_address_v4(const uint8_t* address) noexcept {
    ClientAddress client;
    std::memcpy(client.bytes.data(), address, 4);
    client.size = 4;
    return client;
}

ClientAddress client_address_v6(const uint8_t* address) noexcept {
    constexpr uint8_t kMappedPrefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (std::memcmp(address, kMappedPrefix, sizeof kMappedPrefix) == 0)
        return client_address_v4(address + 12);
    ClientAddress client;
    std::memcpy(client.bytes.data(), address, 8);
    client.size = 8;
    return client;
}

std::optional<ClientAddress> parse_client_address(std::string_view text) noexcept {
    uint8_t bytes[16];
    switch (read_address(text, bytes)) {
        case 4:
            return client_address_v4(bytes);
        case 16:
            return client_address_v6(bytes);
        default:
            return std::nullopt;
    }
}

std::string to_string(const ClientAddress& address) {
    uint8_t bytes[16] = {};
    std::memcpy(bytes, address.bytes.data(), address.size);
    char text[INET6_ADDRSTRLEN];
    inet_ntop(address.size == 4 ? AF_INET : AF_INET6, bytes, text, sizeof text);
    return text;
}

bool is_ip_address(std::string_view text) noexcept {
    uint8_t bytes[16];
    return read_address(text, bytes) != 0;
}

}  // namespace coupon
