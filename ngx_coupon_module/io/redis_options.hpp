// Where Redis is and how to log in, as the coupon_redis directive says.
#pragma once

#include "io/socket_address.hpp"

#include <optional>
#include <string>
#include <vector>

namespace coupon {

struct RedisOptions {
    std::vector<SocketAddress> addresses;  // of Redis, or of the sentinels; tried in turn
    std::string sentinel;                  // the master's name; empty: `addresses` are Redis itself
    uint32_t database = 0;
    std::string user;
    std::string password;  // empty: no AUTH
};

// The directive's words: `host:port` or `unix:/path` (several only with `sentinel=<name>`), then
// `db=N`, `user=NAME`, `password=VALUE` (already read from env: or file:). Resolves names, so only
// for configuration time. Empty with a text in `error` (which never holds the password).
std::optional<RedisOptions> parse_redis_options(const std::vector<std::string>& words,
                                                std::string& error);

}  // namespace coupon
