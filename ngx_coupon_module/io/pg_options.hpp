// Where PostgreSQL is and how to log in, as the coupon_postgres directive says.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coupon {

struct PostgresOptions {
    std::vector<std::pair<std::string, std::string>> settings;  // libpq keyword, value
    std::string shown;  // "127.0.0.1:5432/coupon", for log lines; no secret
};

// A conninfo string or a URL, as libpq takes them. Host names become addresses here, once, because
// libpq resolves on the caller's thread: only for configuration time. Empty with a text in `error`
// (never with a value of the text, which may be a password).
std::optional<PostgresOptions> parse_postgres_options(std::string_view conninfo,
                                                      std::string& error);

}  // namespace coupon
