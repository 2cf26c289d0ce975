// One GET over plain HTTP/1.1, for the edge's own pages on this machine or network.
#pragma once

#include <string>

namespace coupon {

struct HttpAnswer {
    int status = 0;
    std::string body;
};

// `base` is http://host[:port][/path], an IPv6 host in brackets; `query` is appended after '?',
// encoded by the caller. Throws ConfigError for another kind of URL and CommandError when nobody
// answers within `timeout_ms`.
HttpAnswer http_get(const std::string& base, const std::string& query, int timeout_ms);

// Everything but letters, digits, '-', '.', '_' and '~' as %HH.
std::string percent_encoded(const std::string& text);

}  // namespace coupon
