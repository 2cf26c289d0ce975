#include "io/pg_options.hpp"

#include "core/connection_text.hpp"
#include "io/socket_address.hpp"

#include <libpq-fe.h>
#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <map>
#include <memory>

namespace coupon {
namespace {

constexpr std::string_view kDefaultPort = "5432";

// What the event loop needs, set in any case: GSS negotiation blocks.
constexpr std::pair<const char*, const char*> kForced[] = {{"gssencmode", "disable"},
                                                           {"client_encoding", "UTF8"}};
// What a silent network needs, unless the text says otherwise.
constexpr std::pair<const char*, const char*> kDefaults[] = {{"application_name", "coupon-edge"},
                                                             {"keepalives_idle", "15"},
                                                             {"keepalives_interval", "5"},
                                                             {"keepalives_count", "3"},
                                                             {"tcp_user_timeout", "15000"}};

std::vector<std::string> split(const std::string& list) {
    std::vector<std::string> items(1);
    for (const char c : list) {
        if (c == ',') {
            items.emplace_back();
        } else {
            items.back().push_back(c);
        }
    }
    return items;
}

std::string join(const std::vector<std::string>& items) {
    std::string list;
    for (size_t i = 0; i < items.size(); ++i) {
        list += (i == 0 ? "" : ",") + items[i];
    }
    return list;
}

// Replaces host names by all their addresses: host, hostaddr and port become lists of one length.
bool resolve_hosts(std::map<std::string, std::string>& settings, std::string& error) {
    if (settings.contains("hostaddr") || !settings.contains("host")) {
        return true;
    }
    const auto hosts = split(settings["host"]);
    const auto ports = split(settings.contains("port") ? settings["port"] : "");
    if (ports.size() != 1 && ports.size() != hosts.size()) {
        error = "has " + std::to_string(ports.size()) + " ports for " +
                std::to_string(hosts.size()) + " hosts";
        return false;
    }
    std::vector<std::string> names, addresses, numbers;
    for (size_t i = 0; i < hosts.size(); ++i) {
        const auto& port = ports.size() == 1 ? ports[0] : ports[i];
        if (is_socket_folder(hosts[i])) {
            names.push_back(hosts[i]);
            addresses.emplace_back();
            numbers.push_back(port);
            continue;
        }
        const bool v6 = hosts[i].find(':') != std::string::npos;
        const auto found = resolve_address(v6 ? "[" + hosts[i] + "]" : hosts[i], 1, error);
        if (found.empty()) {
            return false;
        }
        for (const auto& address : found) {
            char number[NI_MAXHOST] = "";
            getnameinfo(address.raw(), address.length, number, sizeof number, nullptr, 0,
                        NI_NUMERICHOST);
            names.push_back(hosts[i]);
            addresses.emplace_back(number);
            numbers.push_back(port);
        }
    }
    settings["host"] = join(names);
    settings["port"] = join(numbers);
    if (std::ranges::any_of(addresses, [](const auto& one) { return !one.empty(); })) {
        settings["hostaddr"] = join(addresses);
    }
    return true;
}

std::string shown(const std::map<std::string, std::string>& settings) {
    const auto value = [&](const char* key, std::string_view otherwise) {
        const auto found = settings.find(key);
        return found == settings.end() || found->second.empty() ? std::string(otherwise)
                                                                : found->second;
    };
    return value("host", value("hostaddr", "the local socket")) + ":" +
           value("port", kDefaultPort) + "/" + value("dbname", "");
}

}  // namespace

std::optional<PostgresOptions> parse_postgres_options(std::string_view conninfo,
                                                      std::string& error) {
    char* message = nullptr;
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parsed(
        PQconninfoParse(std::string(conninfo).c_str(), &message), PQconninfoFree);
    const std::unique_ptr<char, decltype(&PQfreemem)> owned(message, PQfreemem);
    if (parsed == nullptr) {
        error = "is no conninfo string or URL: " +
                without_quoted(message == nullptr ? "out of memory" : message);
        return std::nullopt;
    }
    std::map<std::string, std::string> settings;
    for (const auto* one = parsed.get(); one->keyword != nullptr; ++one) {
        if (one->val != nullptr) {
            settings[one->keyword] = one->val;
        }
    }
    if (settings.contains("service")) {
        error = "cannot use service=: libpq would look its host up on the event loop";
        return std::nullopt;
    }
    const auto value = [&](const char* key) {
        const auto found = settings.find(key);
        return found == settings.end() ? std::string_view() : std::string_view(found->second);
    };
    error = misread_postgres_text(conninfo, value("host"), value("port"), value("dbname"));
    if (!error.empty()) {
        return std::nullopt;
    }
    PostgresOptions options;
    options.shown = shown(settings);
    if (!resolve_hosts(settings, error)) {
        return std::nullopt;
    }
    for (const auto& [key, value] : kForced) {
        settings[key] = value;
    }
    for (const auto& [key, value] : kDefaults) {
        settings.emplace(key, value);
    }
    options.settings.assign(settings.begin(), settings.end());
    return options;
}

}  // namespace coupon
