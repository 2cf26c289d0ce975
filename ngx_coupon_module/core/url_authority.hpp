// The part of a merchant's URL that decides where a visitor is sent: scheme, host and port.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace coupon {

struct UrlParts {
    std::string scheme;     // "http" or "https"
    std::string host;       // lower case, without a trailing dot; an IPv6 address in its brackets
    std::string port;       // digits, empty when none is given
    std::string_view rest;  // path, query and fragment of the text that was split
};

/// Splits an absolute http(s) URL. Sets `reason` and returns nothing when the scheme is another
/// one, or the authority has a user, a macro, an escape or anything else that browsers might read
/// in another way than we do.
std::optional<UrlParts> split_url(std::string_view url, std::string& reason);

/// Lower case, without a trailing dot: the form in which hosts are compared.
std::string normal_host(std::string_view host);

}  // namespace coupon
