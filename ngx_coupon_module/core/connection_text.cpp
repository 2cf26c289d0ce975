#include "core/connection_text.hpp"

#include <charconv>
#include <cstddef>

namespace coupon {

namespace {

/// Whether check(item) holds for every item of a list with commas; an empty list has one empty item.
template <typename Check>
bool all_items(std::string_view list, Check check) {
    while (true) {
        size_t comma = list.find(',');
        if (!check(list.substr(0, comma))) {
            return false;
        }
        if (comma == std::string_view::npos) {
            return true;
        }
        list.remove_prefix(comma + 1);
    }
}

bool is_port(std::string_view text) {
    constexpr unsigned kHighest = 65535;
    unsigned number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    return text.empty() || (problem == std::errc() && end == text.data() + text.size() &&
                            number >= 1 && number <= kHighest);
}

bool is_host(std::string_view host) {
    if (host.starts_with('/')) {
        return true;
    }
    // The first '@' is that of an abstract socket.
    return host.empty() || host.find_first_of(is_socket_folder(host) ? "@" : "@/", 1) ==
                               std::string_view::npos;
}

}  // namespace

std::string without_quoted(std::string_view message) {
    std::string safe;
    bool quoted = false;
    for (const char c : message) {
        if (c == '"') {
            quoted = !quoted;
            safe += quoted ? "\"…\"" : "";
        } else if (!quoted && c != '\n') {
            safe += c;
        }
    }
    return safe;
}

std::string misread_postgres_text(std::string_view text, std::string_view hosts,
                                  std::string_view ports, std::string_view database) {
    // libpq would find a wrong port only when it connects, and then quote it.
    if (!all_items(ports, is_port)) {
        return "has a port that is no number from 1 to 65535; a password in a URL must be "
               "percent-encoded";
    }
    if (!all_items(hosts, is_host)) {
        return "has a host with an @ or a /; a password in a URL must be percent-encoded";
    }
    const bool is_url = text.starts_with("postgresql://") || text.starts_with("postgres://");
    if (is_url && database.find('@') != std::string_view::npos) {
        return "has a database name with an @; a password in a URL must be percent-encoded";
    }
    return "";
}

bool is_socket_folder(std::string_view host) noexcept {
    return host.empty() || host.front() == '/' || host.front() == '@';
}

}  // namespace coupon
