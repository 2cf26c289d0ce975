#include "admin/web_target.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "admin/routes.hpp"
#include "core/hex.hpp"

namespace coupon {
namespace {

constexpr std::string_view prefix = "/admin/workers/";
constexpr std::size_t segments_max = 16;
constexpr std::size_t parameters_max = 32;

std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_space) {
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%') {
            const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
            const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return std::nullopt;
            }
            decoded += static_cast<char>(high * 16 + low);
            i += 2;
        } else {
            decoded += plus_is_space && text[i] == '+' ? ' ' : text[i];
        }
    }
    return decoded;
}

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

// PostgreSQL takes no other text.
bool is_utf8(const std::string& text) {
    try {
        const auto checked = nlohmann::json(text).dump();
        return !checked.empty();
    } catch (const nlohmann::json::exception&) {
        return false;
    }
}

bool is_plain_segment(const std::string& segment) {
    return !segment.empty() && segment != "." && segment != ".." &&
           segment.find_first_of("/\\") == std::string::npos &&
           std::none_of(segment.begin(), segment.end(), is_control) && is_utf8(segment);
}

[[noreturn]] void no_such_page() {
    throw AdminError{404, "not_found", "there is nothing at this address"};
}

[[noreturn]] void bad_query(const std::string& what) {
    throw AdminError{400, "bad_request", "the address's query " + what};
}

std::string query_text(std::string_view text) {
    auto decoded = percent_decoded(text, true);
    if (!decoded) {
        bad_query("holds a % without two hexadecimal digits");
    }
    if (!is_utf8(*decoded) || decoded->find('\0') != std::string::npos) {
        bad_query("is not UTF-8 text");
    }
    return *std::move(decoded);
}

}  // namespace

std::vector<std::string> decoded_segments(std::string_view path) {
    if (!path.starts_with(prefix)) {
        no_such_page();
    }
    path.remove_prefix(prefix.size());
    std::vector<std::string> segments;
    while (!path.empty()) {
        const auto slash = path.find('/');
        auto segment = percent_decoded(path.substr(0, slash), false);
        // A slash at the end would leave an empty segment behind it.
        if (!segment || !is_plain_segment(*segment) || slash == path.size() - 1 ||
            segments.size() == segments_max) {
            no_such_page();
        }
        segments.push_back(*std::move(segment));
        path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    }
    return segments;
}

std::map<std::string, std::string> decoded_query(std::string_view query) {
    std::map<std::string, std::string> parameters;
    while (!query.empty()) {
        const auto end = std::min(query.find('&'), query.size());
        const auto pair = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        if (pair.empty()) {
            continue;
        }
        const auto equals = std::min(pair.find('='), pair.size());
        parameters.emplace(query_text(pair.substr(0, equals)),
                           query_text(pair.substr(std::min(equals + 1, pair.size()))));
        if (parameters.size() > parameters_max) {
            bad_query("has more than " + std::to_string(parameters_max) + " parameters");
        }
    }
    return parameters;
}

}  // namespace coupon
