#include "admin/route_table.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <stdexcept>

namespace coupon {
namespace {

bool is_capture(const std::string& part) {
    return part.size() > 2 && part.front() == '{' && part.back() == '}';
}

std::vector<std::string> parts_of(const std::string& pattern) {
    std::vector<std::string> parts;
    for (std::size_t from = 0; from <= pattern.size();) {
        const auto slash = std::min(pattern.find('/', from), pattern.size());
        parts.push_back(pattern.substr(from, slash - from));
        from = slash + 1;
    }
    return parts;
}

std::optional<std::vector<std::string>> captures_of(const std::vector<std::string>& pattern,
                                                    const std::vector<std::string>& segments) {
    if (pattern.size() != segments.size()) {
        return std::nullopt;
    }
    std::vector<std::string> captures;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (is_capture(pattern[i])) {
            captures.push_back(segments[i]);
        } else if (pattern[i] != segments[i]) {
            return std::nullopt;
        }
    }
    return captures;
}

}  // namespace

RouteTable::RouteTable(std::vector<AdminRoute> routes) {
    std::set<std::pair<std::string, std::vector<std::string>>> known;
    for (auto& route : routes) {
        auto pattern = parts_of(route.pattern);
        auto shape = pattern;
        for (auto& part : shape) {
            part = is_capture(part) ? "{}" : part;
        }
        if (!known.emplace(route.method, shape).second) {
            throw std::logic_error("two routes answer " + route.method + " " + route.pattern);
        }
        entries_.push_back({std::move(route), std::move(pattern)});
    }
    std::stable_sort(entries_.begin(), entries_.end(), [](const Entry& one, const Entry& other) {
        return std::count_if(one.pattern.begin(), one.pattern.end(), is_capture) <
               std::count_if(other.pattern.begin(), other.pattern.end(), is_capture);
    });
}

RouteTable::Match RouteTable::find(const std::string& method,
                                   const std::vector<std::string>& segments) const {
    const auto wanted = method == "HEAD" ? "GET" : method;
    bool other_method = false;
    for (const auto& entry : entries_) {
        auto captures = captures_of(entry.pattern, segments);
        if (captures && entry.route.method == wanted) {
            return {&entry.route, *std::move(captures)};
        }
        other_method = other_method || captures.has_value();
    }
    if (other_method) {
        throw AdminError{405, "method_not_allowed",
                         "this address takes " + allowed(segments) + " only"};
    }
    throw AdminError{404, "not_found", "there is nothing at this address"};
}

std::string RouteTable::allowed(const std::vector<std::string>& segments) const {
    std::set<std::string> methods;
    for (const auto& entry : entries_) {
        if (captures_of(entry.pattern, segments)) {
            methods.insert(entry.route.method);
        }
    }
    std::string list;
    for (const auto& method : methods) {
        list += (list.empty() ? "" : ", ") + method;
    }
    return list;
}

}  // namespace coupon
