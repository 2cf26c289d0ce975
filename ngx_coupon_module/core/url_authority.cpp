#include "core/url_authority.hpp"

#include <arpa/inet.h>

#include <algorithm>

#include "core/decimal.hpp"

namespace coupon {

namespace {

constexpr size_t kHostMaxBytes = 253;
constexpr size_t kLabelMaxBytes = 63;

std::string lower_case(std::string_view text) {
    std::string lower(text);
    for (char& c : lower) {
        if (c >= 'A' && c <= 'Z')
            c = static_cast<char>(c - 'A' + 'a');
    }
    return lower;
}

/// Labels of letters, digits, hyphens and underscores; names in other scripts must come as
/// punycode.
bool is_host_name(std::string_view host) {
    if (host.empty() || host.size() > kHostMaxBytes)
        return false;
    size_t label_bytes = 0;
    for (char c : host) {
        if (c == '.') {
            if (label_bytes == 0)
                return false;
            label_bytes = 0;
            continue;
        }
        bool allowed = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        if (!allowed || ++label_bytes > kLabelMaxBytes)
            return false;
    }
    return label_bytes > 0;
}

bool is_ipv6_literal(std::string_view host) {
    if (host.size() < 4 || host.front() != '[' || host.back() != ']')
        return false;
    std::string address(host.substr(1, host.size() - 2));
    in6_addr parsed;
    // inet_pton sees nothing behind a zero byte.
    return address.find('\0') == std::string::npos &&
           inet_pton(AF_INET6, address.c_str(), &parsed) == 1;
}

bool is_port(std::string_view text) {
    auto port = parse_positive(text);
    return port && *port <= 65535;
}

}  // namespace

std::string normal_host(std::string_view host) {
    std::string normal = lower_case(host);
    if (normal.size() > 1 && normal.back() == '.')
        normal.pop_back();
    return normal;
}

std::optional<UrlParts> split_url(std::string_view url, std::string& reason) {
    auto refuse = [&reason](const char* why) -> std::optional<UrlParts> {
        reason = why;
        return std::nullopt;
    };
    UrlParts parts;
    size_t colon = url.find("://");
    std::string_view scheme = url.substr(0, colon);
    if (scheme.find('{') < scheme.find_first_of(":/?#"))
        return refuse("macro in scheme, host or port");
    parts.scheme = lower_case(scheme.substr(0, 6));
    if (colon == std::string_view::npos || scheme.size() > 5 ||
        (parts.scheme != "http" && parts.scheme != "https")) {
        return refuse("destination is not an absolute http or https url");
    }

    std::string_view after = url.substr(colon + 3);
    size_t authority_bytes = std::min(after.find_first_of("/?#"), after.size());
    std::string_view authority = after.substr(0, authority_bytes);
    parts.rest = after.substr(authority_bytes);
    if (authority.find('{') != std::string_view::npos)
        return refuse("macro in scheme, host or port");
    if (authority.find('@') != std::string_view::npos)
        return refuse("user information in the url");

    // A colon after the last bracket separates the port; those inside the brackets belong to the
    // address.
    size_t bracket = authority.rfind(']');
    size_t port_colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
    std::string_view host = authority.substr(0, port_colon);
    if (port_colon != std::string_view::npos) {
        parts.port = authority.substr(port_colon + 1);
        if (!parts.port.empty() && !is_port(parts.port))
            return refuse("malformed port");
    }
    parts.host = normal_host(host);
    if (!is_host_name(parts.host) && !is_ipv6_literal(parts.host))
        return refuse("malformed host");
    return parts;
}

}  // namespace coupon
