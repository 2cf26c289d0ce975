// Any bytes at the admin worker's socket: refused, waited for, or a request whose path leads
// nowhere else.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "admin/credentials.hpp"
#include "admin/routes.hpp"
#include "admin/web_request.hpp"
#include "admin/web_target.hpp"
#include "check.hpp"
#include "core/percent.hpp"

namespace {

/// Written again with every escape there is, the target says the same.
void check_target(const coupon::WebRequest& request) {
    std::string path = "/admin/workers/";
    for (const auto& segment : request.segments) {
        check(is_storable(segment));
        path += (path.ends_with('/') ? "" : "/") + coupon::percent_encoded(segment);
    }
    check(coupon::decoded_segments(path) == request.segments);
    std::string query;
    for (const auto& [name, value] : request.query) {
        check(is_storable(name) && is_storable(value));
        query += (query.empty() ? "" : "&") + coupon::percent_encoded(name) + "=" +
                 coupon::percent_encoded(value);
    }
    check(query.empty() || coupon::decoded_query(query) == request.query);
}

}  // namespace

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
        check_target(request);
    } catch (const coupon::AdminError& error) {
        if (error.status < 400 || error.status > 431) {
            abort();
        }
    }
    return 0;
}
