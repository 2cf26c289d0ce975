#include "io/redis_options.hpp"

#include <charconv>
#include <string_view>

namespace coupon {
namespace {

constexpr uint16_t kRedisPort = 6379;
constexpr uint16_t kSentinelPort = 26379;
constexpr uint32_t kDatabaseMax = 1'000'000;

bool parse_database(std::string_view text, uint32_t& database) {
    const char* end = text.data() + text.size();
    const auto [stop, failure] = std::from_chars(text.data(), end, database);
    return failure == std::errc() && stop == end && database <= kDatabaseMax;
}

// A URL or a login in front of the address: it may hold a password, so it is not quoted.
bool holds_login(std::string_view word) {
    const bool is_path = word.starts_with("unix:/") && !word.starts_with("unix://");
    return !is_path && (word.find('@') != word.npos || word.find("://") != word.npos);
}

}  // namespace

std::optional<RedisOptions> parse_redis_options(const std::vector<std::string>& words,
                                                std::string& error) {
    RedisOptions options;
    std::vector<std::string_view> hosts;
    for (const std::string_view word : words) {
        const auto value = word.substr(std::min(word.size(), word.find('=') + 1));
        if (word.starts_with("db=")) {
            if (!parse_database(value, options.database)) {
                error = "takes db= with a number, not \"" + std::string(value) + "\"";
                return std::nullopt;
            }
        } else if (word.starts_with("user=")) {
            options.user = value;
        } else if (word.starts_with("password=")) {
            options.password = value;
        } else if (word.starts_with("sentinel=")) {
            options.sentinel = value;
            if (value.empty()) {
                error = "needs the master's name after sentinel=";
                return std::nullopt;
            }
        } else if (holds_login(word)) {
            error = "takes host:port or unix:/path, not a URL or a login; write "
                    "127.0.0.1:6379 db=0 user=NAME password=env:NAME";
            return std::nullopt;
        } else if (word.find('=') != word.npos) {
            error = "takes db=, user=, password= and sentinel=, not \"" +
                    std::string(word.substr(0, word.find('=') + 1)) + "\"";
            return std::nullopt;
        } else {
            hosts.push_back(word);
        }
    }
    if (hosts.empty() || (hosts.size() > 1 && options.sentinel.empty())) {
        error = hosts.empty() ? "needs an address, for example 127.0.0.1:6379"
                              : "takes one address; several are only for sentinel=NAME";
        return std::nullopt;
    }
    if (!options.user.empty() && options.password.empty()) {
        error = "needs a password= with its user=";
        return std::nullopt;
    }
    for (const auto host : hosts) {
        const auto found =
            resolve_address(host, options.sentinel.empty() ? kRedisPort : kSentinelPort, error);
        if (found.empty()) {
            return std::nullopt;
        }
        options.addresses.insert(options.addresses.end(), found.begin(), found.end());
    }
    return options;
}

}  // namespace coupon
