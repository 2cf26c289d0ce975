#include "admin/api/masking.hpp"

#include <algorithm>
#include <regex>

#include "admin/api/member_names.hpp"
#include "core/client_address.hpp"
#include "core/hex.hpp"
#include "core/uuid.hpp"
#include "operations/audit_log.hpp"
#include "operations/masked_recipient.hpp"

namespace coupon {
namespace {

constexpr const char* hidden = "•••";

bool is_address(const std::string& text) {
    return is_ip_address(text);
}

std::string masked_address(const std::string& text) {
    const bool is_v6 = text.find(':') != std::string::npos;
    const char separator = is_v6 ? ':' : '.';
    const std::size_t parts = is_v6 ? 2 : 3;
    std::size_t end = 0;
    for (std::size_t i = 0; i < parts && end != std::string::npos; ++i) {
        end = text.find(separator, end == 0 ? 0 : end + 1);
    }
    return end == std::string::npos ? hidden : text.substr(0, end) + (is_v6 ? "::/32" : ".0/24");
}

// +919876543210, 98765 43210: at least eight digits and nothing that a name or an id has.
bool is_number(const std::string& text) {
    const auto digits =
        std::count_if(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
    return digits >= 8 && digits <= 15 && text.front() == '+' &&
           text.find_first_not_of("+0123456789 -()") == std::string::npos;
}

// A value that is personal whatever its member is called.
std::optional<std::string> masked_value(const std::string& text) {
    if (text.empty()) {
        return std::nullopt;
    }
    if (is_address(text)) {
        return masked_address(text);
    }
    if (is_number(text)) {
        return masked_recipient(text);
    }
    return std::nullopt;
}

std::string masked_sentence(const std::string& text) {
    static const std::regex mail(
        R"([A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9-]{1,63}\.[A-Za-z0-9.-]{1,190})");
    static const std::regex phone(R"(\+[0-9]{8,15}|\b[0-9]{10,13}\b)");
    std::string masked = text;
    for (const auto* pattern : {&mail, &phone}) {
        std::string next;
        auto rest = masked.cbegin();
        for (std::sregex_iterator at(masked.begin(), masked.end(), *pattern), end; at != end;
             ++at) {
            next.append(rest, (*at)[0].first).append(masked_recipient(at->str()));
            rest = (*at)[0].second;
        }
        masked = next.append(rest, masked.cend());
    }
    return masked;
}

// Of a number in JSON: most are amounts and times, as long as a phone's.
bool may_be_a_phone(std::string_view name) {
    return name.ends_with("number") || name.ends_with("from");
}

bool is_plain_name(const std::string& text) {
    constexpr std::size_t bytes_max = 48;
    return text.size() <= bytes_max && std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                      c == '_' || c == '-' || c == '.' || c == '[' || c == ']' || c == ' ';
           });
}

std::string decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+') {
            out += ' ';
        } else if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
                   hex_digit(text[i + 2]) >= 0) {
            out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

}  // namespace

Json Masking::recipient(const Json& text) const {
    return unmasked_ || !text.is_string() ? text : Json(masked_recipient(text.get<std::string>()));
}

Json Masking::address(const Json& text) const {
    return unmasked_ || !text.is_string() ? text : Json(masked_address(text.get<std::string>()));
}

Json Masking::sentence(const Json& text) const {
    return unmasked_ || !text.is_string() ? text : Json(masked_sentence(text.get<std::string>()));
}

Json Masking::members(const Json& value, std::string_view type) const {
    return member("", value, is_secretive_type(type));
}

std::string Masking::name(const std::string& text) const {
    if (unmasked_) {
        return text;
    }
    return is_plain_name(text) ? masked_sentence(text) : hidden;
}

Json Masking::member(const std::string& called, const Json& value, bool secretive) const {
    const auto kind = called.empty() ? MemberKind::unknown : kind_of_member(called);
    if (value.is_null() || value.is_boolean()) {
        return value;
    }
    if (kind == MemberKind::secret || (kind == MemberKind::personal && !unmasked_)) {
        return hidden;
    }
    if (value.is_object()) {
        auto object = Json::object();
        for (const auto& [inner, inner_value] : value.items()) {
            auto shown = name(inner);
            if (shown == hidden) {
                shown += " " + std::to_string(object.size() + 1);  // each of them is there
            }
            object[shown] = member(inner, inner_value, secretive);
        }
        return object;
    }
    if (value.is_array()) {
        auto array = Json::array();
        for (const auto& element : value) {
            array.push_back(member(called, element, secretive));
        }
        return array;
    }
    if (secretive && kind == MemberKind::unknown) {
        return hidden;
    }
    if (unmasked_ || (value.is_string() && parse_uuid(value.get_ref<const std::string&>()))) {
        return value;
    }
    const auto text = value.is_string() ? value.get<std::string>() : value.dump();
    switch (kind) {
        case MemberKind::harmless:
            if (value.is_string()) {
                return masked_sentence(masked_value(text).value_or(text));
            }
            return may_be_a_phone(called) ? Json(masked_sentence(text)) : value;
        case MemberKind::contact:
            return masked_recipient(text);
        case MemberKind::address:
            return masked_address(text);
        default:
            return hidden;
    }
}

Json Masking::document(std::string_view bytes, bool secretive) const {
    const auto json = read_json(bytes);
    if (json && json->is_structured()) {
        return member("", *json, secretive).dump(2, ' ', false, Json::error_handler_t::replace);
    }
    return form(bytes, secretive);
}

Json Masking::form(std::string_view bytes, bool secretive) const {
    if (bytes.find('=') == std::string_view::npos ||
        std::any_of(bytes.begin(), bytes.end(), [](char c) { return c <= ' ' || c == '"'; })) {
        return {};
    }
    std::string text;
    while (!bytes.empty()) {
        const auto end = std::min(bytes.find('&'), bytes.size());
        const auto pair = bytes.substr(0, end);
        bytes.remove_prefix(std::min(end + 1, bytes.size()));
        const auto equals = std::min(pair.find('='), pair.size());
        const auto called = decoded(pair.substr(0, equals));
        const auto given = decoded(pair.substr(std::min(equals + 1, pair.size())));
        const auto value = member(called.empty() ? "?" : called, given, secretive);
        // Base64 ends with = as well.
        const bool is_name = given.find_first_not_of('=') != std::string::npos ||
                             kind_of_member(called) != MemberKind::unknown;
        text += (text.empty() ? "" : "\n") + (is_name ? name(called) : hidden) + "=" +
                value.get<std::string>();
    }
    return text;
}

std::string searchable_sql(const std::string& text) {
    // The patterns of masked_sentence(), and no more of the text than lists show.
    return "regexp_replace(regexp_replace(left(" + text +
           ", 4000), '([A-Za-z0-9._%+''-])[A-Za-z0-9._%+''-]*(@[A-Za-z0-9-]+\\.)', '\\1…\\2', 'g'),"
           " '\\+[0-9]{8,15}|\\m[0-9]{10,13}\\M', '•', 'g')";
}

Masking masking_for(const AdminRequest& request, PgConnection& pg, const std::string& entity,
                    const PgParameter& entity_id) {
    const auto unmask = request.query.find("unmask");
    if (unmask == request.query.end() || unmask->second != "1") {
        return Masking(false);
    }
    if (request.who.role != AdminRole::operate) {
        throw AdminError{403, "forbidden", "only an operator may see personal data"};
    }
    write_audit(pg,
                {"admin:" + request.who.name, "admin.unmask", entity, entity_id, Json::object()});
    return Masking(true);
}

}  // namespace coupon
