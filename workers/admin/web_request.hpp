// One HTTP request out of bytes that anybody may have sent. Pure: no sockets. Strict on purpose:
// NGINX stands in front and sends nothing odd.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coupon {

constexpr std::size_t web_head_max_bytes = 16 * 1024;
constexpr std::size_t web_body_max_bytes = 64 * 1024;

struct WebRequest {
    std::string method;
    // The decoded parts of the path below /admin/workers/; none for the dashboard itself. No part
    // is empty, "." or "..", or holds a slash, a backslash or a control character.
    std::vector<std::string> segments;
    std::map<std::string, std::string> query;    // decoded; of a name that comes twice the first
    std::map<std::string, std::string> headers;  // names in lower case
    std::string body;

    // Empty where it is not there.
    [[nodiscard]] std::string_view header(const std::string& name) const;
};

// How many bytes the request that `bytes` begins has in all; nothing while its head is not whole.
// Throws AdminError where the request is refused already: too large, or without a clear end.
std::optional<std::size_t> web_request_bytes(std::string_view bytes);

// A whole request, as web_request_bytes() measured it. Throws AdminError.
WebRequest parse_web_request(std::string_view bytes);

}  // namespace coupon
