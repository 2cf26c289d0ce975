// Any bytes at the admin worker's socket: refused, waited for, or a request whose path leads
// nowhere else.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "admin/credentials.hpp"
#include "admin/routes.hpp"
#include "admin/web_request.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    coupon::parse_tokens(bytes);
    try {
        const auto whole = coupon::web_request_bytes(bytes);
        if (!whole || *whole > size) {
            return 0;
        }
        const auto request = coupon::parse_web_request(bytes.substr(0, *whole));
        for (const auto& segment : request.segments) {
            if (segment.empty() || segment == "." || segment == ".." ||
                segment.find_first_of(std::string_view("/\\\0\n\r", 5)) != std::string::npos) {
                abort();
            }
        }
        if (request.body.size() > coupon::web_body_max_bytes) {
            abort();
        }
    } catch (const coupon::AdminError& error) {
        if (error.status < 400 || error.status > 431) {
            abort();
        }
    }
    return 0;
}
