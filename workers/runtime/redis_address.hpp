// REDIS_URL: where Redis is and how to log in.
#pragma once

#include <string>
#include <vector>

namespace coupon {

struct RedisEndpoint {
    std::string host;
    int port = 6379;
};

struct RedisAddress {
    std::vector<RedisEndpoint> endpoints;  // one server, or the sentinels
    std::string unix_path;                 // instead of endpoints
    std::string sentinel_master;           // empty: endpoints[0] is the server itself
    std::string user;
    std::string password;
    int db = 0;

    // For messages: never the password.
    [[nodiscard]] std::string text() const;
};

// redis://[[user]:password@]host[:port][/db] · unix:///path[?db=N] ·
// redis+sentinel://[[user]:password@]host:port,…/<name>[/<db>] User and password may be
// percent-encoded. Throws ConfigError, which says what is wrong without quoting the URL.
RedisAddress parse_redis_url(const std::string& url);

}  // namespace coupon
