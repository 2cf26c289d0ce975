#include "runtime/redis_address.hpp"

#include <charconv>
#include <string_view>

#include "runtime/error.hpp"

namespace coupon {
namespace {

constexpr int sentinel_port = 26379;

[[noreturn]] void refuse(const std::string& why) {
    throw ConfigError("REDIS_URL " + why);
}

int parse_number(std::string_view text, int max, const char* what) {
    int value = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value < 0 || value > max) {
        refuse(std::string("has a wrong ") + what);
    }
    return value;
}

std::string percent_decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        unsigned byte = 0;
        if (i + 2 >= text.size() ||
            std::from_chars(&text[i + 1], &text[i] + 3, byte, 16).ptr != &text[i] + 3) {
            refuse("has a wrong percent escape in user or password");
        }
        out += static_cast<char>(byte);
        i += 2;
    }
    return out;
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
    if (!text.starts_with(prefix)) {
        return false;
    }
    text.remove_prefix(prefix.size());
    return true;
}

// Up to the separator, which is removed too; everything where there is none.
std::string_view take_until(std::string_view& text, char separator) {
    const auto end = text.find(separator);
    const auto part = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return part;
}

void parse_login(std::string_view& rest, RedisAddress& address) {
    const auto at = rest.substr(0, rest.find('/')).rfind('@');
    if (at == std::string_view::npos) {
        return;
    }
    auto login = rest.substr(0, at);
    rest.remove_prefix(at + 1);
    const auto colon = login.find(':');
    if (colon == std::string_view::npos) {
        refuse("has a login without a colon: write user:password@ or :password@");
    }
    address.user = percent_decoded(login.substr(0, colon));
    address.password = percent_decoded(login.substr(colon + 1));
}

RedisEndpoint parse_endpoint(std::string_view text, int default_port) {
    RedisEndpoint endpoint{{}, default_port};
    if (take_prefix(text, "[")) {
        if (text.find(']') == std::string_view::npos) {
            refuse("has an address without its closing bracket");
        }
        endpoint.host = take_until(text, ']');
        if (!text.empty() && !take_prefix(text, ":")) {
            refuse("has a wrong address after the brackets");
        }
    } else {
        endpoint.host = take_until(text, ':');
    }
    if (endpoint.host.empty()) {
        refuse("names no host");
    }
    if (!text.empty()) {
        endpoint.port = parse_number(text, 65535, "port");
        if (endpoint.port == 0) {
            refuse("has a wrong port");
        }
    }
    return endpoint;
}

}  // namespace

RedisAddress parse_redis_url(const std::string& url) {
    RedisAddress address;
    std::string_view rest = url;
    if (take_prefix(rest, "unix://")) {
        address.unix_path = take_until(rest, '?');
        if (!address.unix_path.starts_with('/')) {
            refuse("names no absolute socket path: write unix:///path");
        }
        if (!rest.empty()) {
            if (!take_prefix(rest, "db=")) {
                refuse("has an unknown option after the socket path: only ?db=N is known");
            }
            address.db = parse_number(rest, 1'000'000, "database number");
        }
        return address;
    }
    if (rest.starts_with("rediss://")) {
        refuse("asks for TLS, which workers leave to a proxy: point it at that proxy's socket");
    }
    const bool sentinel = take_prefix(rest, "redis+sentinel://");
    if (!sentinel && !take_prefix(rest, "redis://")) {
        refuse("is no Redis URL: write redis://, unix:// or redis+sentinel://");
    }
    parse_login(rest, address);
    auto hosts = take_until(rest, '/');
    do {
        address.endpoints.push_back(
            parse_endpoint(take_until(hosts, ','), sentinel ? sentinel_port : 6379));
    } while (!hosts.empty());
    if (sentinel) {
        address.sentinel_master = take_until(rest, '/');
        if (address.sentinel_master.empty()) {
            refuse("names no sentinel master: write redis+sentinel://host:port/<name>/<db>");
        }
        if (address.sentinel_master.find('@') != std::string::npos) {
            refuse("has an @ behind its hosts: a password must be percent-encoded");
        }
    } else if (address.endpoints.size() > 1) {
        refuse("names several servers: that needs redis+sentinel://");
    }
    if (!rest.empty()) {
        address.db = parse_number(rest, 1'000'000, "database number");
    }
    return address;
}

std::string RedisAddress::text() const {
    if (!unix_path.empty()) {
        return unix_path;
    }
    std::string text = sentinel_master.empty() ? "" : sentinel_master + " of sentinel ";
    for (const auto& endpoint : endpoints) {
        if (&endpoint != &endpoints.front()) {
            text += ',';
        }
        text += endpoint.host + ":" + std::to_string(endpoint.port);
    }
    return text;
}

}  // namespace coupon
