#include "couponctl/access_log.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "runtime/error.hpp"

namespace coupon {
namespace {

bool is_version_7(const Uuid& id) {
    return id.bytes[6] >> 4 == 7 && id.bytes[8] >> 6 == 2;
}

bool ends_a_value(char c) {
    return std::string_view(" \t\",;|]})'").find(c) != std::string_view::npos;
}

// click=<id>, coupon_click_id:<id>; but not ?c=<id> nor Referer URLs.
bool is_named_click(std::string_view before) {
    before.remove_suffix(1);
    std::size_t begin = before.size();
    while (begin > 0 && (std::isalnum(static_cast<unsigned char>(before[begin - 1])) != 0 ||
                         before[begin - 1] == '_')) {
        --begin;
    }
    const bool in_url = begin > 0 && (before[begin - 1] == '?' || before[begin - 1] == '&');
    return !in_url && before.substr(begin).find("click") != std::string_view::npos;
}

bool begins_a_value(std::string_view before) {
    if (before.empty()) {
        return true;
    }
    const char c = before.back();
    if (c == '=' || c == ':') {
        return is_named_click(before);
    }
    return std::string_view(" \t\",;|[('").find(c) != std::string_view::npos;
}

using nlohmann::json;

// Members of objects in it as well: what ships logs may have wrapped the line.
void find_members(const json& object, LoggedLine& found) {
    for (const auto& [name, value] : object.items()) {
        if (value.is_object()) {
            find_members(value, found);
        } else if (value == "unjournaled") {
            found.unjournaled = true;
        } else if (value.is_string() && name.find("click") != std::string::npos) {
            const auto id = parse_uuid(value.get_ref<const std::string&>());
            if (id && is_version_7(*id)) {
                found.ids.push_back(*id);
            }
        }
    }
}

std::vector<Uuid> ids_in_text(std::string_view line) {
    std::vector<Uuid> ids;
    // A UUID is looked for around its first dash.
    for (auto dash = line.find('-'); dash != std::string_view::npos;
         dash = line.find('-', dash + 1)) {
        if (dash < 8 || dash - 8 + kUuidTextBytes > line.size()) {
            continue;
        }
        const auto begin = dash - 8;
        const auto end = begin + kUuidTextBytes;
        const auto id = parse_uuid(line.substr(begin, kUuidTextBytes));
        if (id && is_version_7(*id) && begins_a_value(line.substr(0, begin)) &&
            (end == line.size() || ends_a_value(line[end]))) {
            ids.push_back(*id);
            dash = end - 1;
        }
    }
    return ids;
}

}  // namespace

LoggedLine read_logged_line(std::string_view line) {
    LoggedLine found;
    const auto object =
        line.starts_with('{') ? json::parse(line, nullptr, false) : json(json::value_t::discarded);
    if (object.is_object()) {
        find_members(object, found);
    } else {
        found.ids = ids_in_text(line);
        found.unjournaled = line.find("unjournaled") != std::string_view::npos;
    }
    return found;
}

LoggedClicks read_access_log(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file.is_open()) {
        throw ConfigError("cannot read the access log " + path + ": " + std::strerror(errno));
    }
    LoggedClicks clicks;
    for (std::string line; std::getline(file, line);) {
        ++clicks.lines;
        const auto found = read_logged_line(line);
        if (found.unjournaled) {
            ++clicks.unjournaled;
            continue;
        }
        clicks.ids.insert(clicks.ids.end(), found.ids.begin(), found.ids.end());
    }
    if (file.bad()) {
        throw ConfigError("cannot read the access log " + path + ": " + std::strerror(errno));
    }
    std::sort(clicks.ids.begin(), clicks.ids.end());
    clicks.ids.erase(std::unique(clicks.ids.begin(), clicks.ids.end()), clicks.ids.end());
    return clicks;
}

}  // namespace coupon
