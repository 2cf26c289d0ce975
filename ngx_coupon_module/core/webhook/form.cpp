#include "core/webhook/form.hpp"

#include "core/hex.hpp"

namespace coupon {

std::string decode_form_text(std::string_view text) {
    std::string decoded;
    decoded.reserve(text.size());
    for (size_t at = 0; at < text.size(); ++at) {
        char c = text[at];
        if (c == '%' && text.size() - at > 2) {
            int high = hex_digit(text[at + 1]);
            int low = hex_digit(text[at + 2]);
            if (high >= 0 && low >= 0) {
                decoded += static_cast<char>(high << 4 | low);
                at += 2;
                continue;
            }
        }
        decoded += c == '+' ? ' ' : c;
    }
    return decoded;
}

std::optional<std::vector<FormField>> parse_form(std::string_view text) {
    std::vector<FormField> fields;
    while (!text.empty()) {
        std::string_view part = text.substr(0, text.find('&'));
        text.remove_prefix(part.size() < text.size() ? part.size() + 1 : part.size());
        if (part.empty())
            continue;
        if (fields.size() == kFormFieldsMax)
            return std::nullopt;
        size_t equals = part.find('=');
        FormField& field = fields.emplace_back();
        field.name = decode_form_text(part.substr(0, equals));
        if (equals != std::string_view::npos)
            field.value = decode_form_text(part.substr(equals + 1));
    }
    return fields;
}

const std::string* only_field(const std::vector<FormField>& fields, std::string_view name,
                              size_t& times) noexcept {
    times = 0;
    const std::string* value = nullptr;
    for (const FormField& field : fields) {
        if (field.name == name && ++times == 1)
            value = &field.value;
    }
    return times == 1 ? value : nullptr;
}

}  // namespace coupon
