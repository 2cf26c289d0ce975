#include "admin/api/request_values.hpp"

#include <algorithm>
#include <charconv>

#include "core/base64.hpp"

namespace coupon {
namespace {

constexpr std::size_t query_bytes_max = 200;
constexpr std::size_t cursor_bytes_max = 400;
constexpr std::size_t reason_bytes_max = 500;

// PostgreSQL takes no U+0000 and nothing that is not UTF-8; no control character is ever meant.
bool is_plain(const std::string& text) {
    const bool printable = std::all_of(text.begin(), text.end(), [](char c) {
        return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f;
    });
    try {
        static_cast<void>(Json(text).dump());
        return printable;
    } catch (const Json::exception&) {
        return false;
    }
}

const std::string* find(const AdminRequest& request, const std::string& name) {
    const auto found = request.query.find(name);
    return found == request.query.end() || found->second.empty() ? nullptr : &found->second;
}

}  // namespace

void refuse(const std::string& why) {
    throw AdminError{400, "bad_request", why};
}

void not_found(const std::string& what) {
    throw AdminError{404, "not_found", what};
}

void conflict(const std::string& why) {
    throw AdminError{409, "conflict", why};
}

std::string query_text(const AdminRequest& request, const std::string& name) {
    const auto* text = find(request, name);
    if (text == nullptr) {
        return {};
    }
    if (text->size() > query_bytes_max || !is_plain(*text)) {
        refuse(name + " is longer than " + std::to_string(query_bytes_max) +
               " bytes, or no plain text in UTF-8");
    }
    return *text;
}

std::string query_word(const AdminRequest& request, const std::string& name,
                       const std::vector<std::string>& words) {
    const auto* text = find(request, name);
    if (text == nullptr) {
        return {};
    }
    if (std::find(words.begin(), words.end(), *text) == words.end()) {
        std::string list;
        for (const auto& word : words) {
            list += (list.empty() ? "" : ", ") + word;
        }
        refuse(name + " is none of " + list);
    }
    return *text;
}

int query_number(const AdminRequest& request, const std::string& name, int by_default, int min,
                 int max) {
    const auto* text = find(request, name);
    if (text == nullptr) {
        return by_default;
    }
    int number = 0;
    const auto* end = text->data() + text->size();
    const auto parsed = std::from_chars(text->data(), end, number);
    if (parsed.ec != std::errc() || parsed.ptr != end || number < min || number > max) {
        refuse(name + " is no whole number from " + std::to_string(min) + " to " +
               std::to_string(max));
    }
    return number;
}

PgParameter like_pattern(const std::string& q) {
    if (q.empty()) {
        return {};
    }
    std::string pattern = "%";
    for (const char c : q) {
        if (c == '%' || c == '_' || c == '\\') {
            pattern += '\\';
        }
        pattern += c;
    }
    return pattern + "%";
}

std::string cursor_text(const Cursor& cursor) {
    return base64url_encode(
        Json::array({cursor.key ? Json(*cursor.key) : Json(), cursor.id}).dump());
}

std::optional<Cursor> query_cursor(const AdminRequest& request) {
    const auto* text = find(request, "after");
    if (text == nullptr) {
        return std::nullopt;
    }
    const auto decoded = text->size() <= cursor_bytes_max ? base64url_decode(*text) : std::nullopt;
    const auto json = read_json(decoded.value_or("")).value_or(Json());
    if (!json.is_array() || json.size() != 2 || !(json[0].is_string() || json[0].is_null()) ||
        !json[1].is_string()) {
        refuse("after is no cursor of a list: give what its last page had as next");
    }
    Cursor cursor{{}, json[1].get<std::string>()};
    if (json[0].is_string()) {
        cursor.key = json[0].get<std::string>();
    }
    if (!is_plain(cursor.id) || !is_plain(cursor.key.value_or(""))) {
        refuse("after is no cursor of a list: give what its last page had as next");
    }
    return cursor;
}

Json body_object(const AdminRequest& request) {
    if (request.body.empty()) {
        return Json::object();
    }
    auto body = read_json(request.body);
    if (!body || !body->is_object()) {
        refuse("the body is no JSON object");
    }
    return *std::move(body);
}

bool body_flag(const Json& body, const std::string& name) {
    const auto member = body.find(name);
    if (member == body.end()) {
        return false;
    }
    if (!member->is_boolean()) {
        refuse(name + " is neither true nor false");
    }
    return member->get<bool>();
}

std::string body_text(const Json& body, const std::string& name, std::size_t bytes_max) {
    const auto member = body.find(name);
    if (member == body.end() || member->is_null()) {
        return {};
    }
    const auto text = member->is_string() ? member->get<std::string>() : "\n";
    if (text.size() > bytes_max || !is_plain(text)) {
        refuse(name + " is no plain text of at most " + std::to_string(bytes_max) + " bytes");
    }
    return text;
}

std::string body_reason(const Json& body) {
    auto reason = body_text(body, "reason", reason_bytes_max);
    if (reason.find_first_not_of(' ') == std::string::npos) {
        refuse("reason is missing: it goes into audit_logs");
    }
    return reason;
}

}  // namespace coupon
