// Any bytes as an address: inet_pton agrees, and each visitor has one key that reads back as itself.
#include <arpa/inet.h>

#include <cstring>

#include "check.hpp"
#include "core/client_address.hpp"
#include "core/device.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const auto text = text_of(data, size);
    // Only the first KiB of a User-Agent is looked at, whatever stands behind it.
    check(coupon::classify_device(text) ==
          coupon::classify_device(std::string(text.substr(0, 1024)) + (text.size() < 1024 ? "" : "bot")));
    const auto address = coupon::parse_client_address(text);
    const std::string copy(text);
    uint8_t bytes[16];
    const bool whole = copy.find('\0') == std::string::npos;
    const bool v4 = whole && inet_pton(AF_INET, copy.c_str(), bytes) == 1;
    const bool v6 = whole && !v4 && inet_pton(AF_INET6, copy.c_str(), bytes) == 1;
    check(address.has_value() == (v4 || v6));
    check(coupon::is_ip_address(text) == (v4 || v6));
    if (v4) {
        check(*address == coupon::client_address_v4(bytes) && address->size == 4);
    }
    if (v6) {
        check(*address == coupon::client_address_v6(bytes));
    }
    if (address) {
        check(coupon::parse_client_address(to_string(*address)) == address);
    }
    return 0;
}
