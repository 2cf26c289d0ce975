#include "webhooks/events/event.hpp"

#include <algorithm>

#include "core/hmac.hpp"

namespace coupon {
namespace {

constexpr std::size_t id_bytes_max = 256;

std::string value_of(const NamedTexts& texts, std::string_view name) {
    const auto found = std::find_if(texts.begin(), texts.end(),
                                    [&](const auto& text) { return text.first == name; });
    return found == texts.end() ? std::string() : found->second;
}

bool is_printable(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](unsigned char c) { return c >= 0x20 && c < 0x7f; });
}

}  // namespace

std::string WebhookInput::header(std::string_view lower_case_name) const {
    return value_of(headers, lower_case_name);
}

std::string WebhookInput::field(std::string_view name) const {
    return value_of(fields, name);
}

void check_id(std::string_view id) {
    if (id.size() > id_bytes_max || !is_printable(id)) {
        throw MalformedEvent("an id of the event is too long or not printable");
    }
}

std::string business_key(std::initializer_list<std::string_view> parts) {
    std::string key;
    for (const auto part : parts) {
        if (part.empty()) {
            throw MalformedEvent("an id of the event is missing");
        }
        check_id(part);
        key += key.empty() ? "" : ":";
        for (const char c : part) {
            if (c == ':' || c == '\\') {
                key += '\\';
            }
            key += c;
        }
    }
    return key;
}

std::string event_digest(std::initializer_list<std::string_view> fields) {
    std::string text;
    for (const auto field : fields) {
        text += std::to_string(field.size());
        text += ':';
        text += field;
    }
    return std::string(as_text(sha256(text)));
}

WebhookEvent unknown_event(std::string name, std::string reason) {
    WebhookEvent event;
    event.name = std::move(name);
    event.reason = std::move(reason);
    return event;
}

}  // namespace coupon
