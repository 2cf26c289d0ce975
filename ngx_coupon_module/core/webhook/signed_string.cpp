#include "core/webhook/signed_string.hpp"

#include <algorithm>

namespace coupon {

namespace {

constexpr std::string_view kHeaderMacro = "{header:";
constexpr size_t kPartsMax = 16;

std::optional<SignedPart> macro_of(std::string_view macro) noexcept {
    if (macro == "{body}")
        return SignedPart{SignedPart::Kind::body, {}};
    if (macro == "{path}")
        return SignedPart{SignedPart::Kind::path, {}};
    if (macro == "{query}")
        return SignedPart{SignedPart::Kind::query, {}};
    if (!macro.starts_with(kHeaderMacro) || !macro.ends_with('}'))
        return std::nullopt;
    std::string_view name = macro.substr(kHeaderMacro.size());
    name.remove_suffix(1);
    if (!is_header_name(name))
        return std::nullopt;
    return SignedPart{SignedPart::Kind::header, name};
}

}  // namespace

bool is_header_name(std::string_view name) noexcept {
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return c == '-' || c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
               (c >= 'A' && c <= 'Z');
    });
}

std::optional<std::vector<SignedPart>> parse_signed_string(std::string_view text,
                                                           std::string& error) {
    std::vector<SignedPart> parts;
    while (!text.empty()) {
        if (parts.size() == kPartsMax) {
            error = "signed= has too many parts";
            return std::nullopt;
        }
        if (text[0] != '{') {
            std::string_view literal = text.substr(0, text.find('{'));
            parts.push_back({SignedPart::Kind::literal, literal});
            text.remove_prefix(literal.size());
            continue;
        }
        std::string_view macro = text.substr(0, std::min(text.find('}'), text.size() - 1) + 1);
        auto part = macro_of(macro);
        if (!part) {
            error = "unknown macro \"" + std::string(macro) + "\" in signed=";
            return std::nullopt;
        }
        parts.push_back(*part);
        text.remove_prefix(macro.size());
    }
    return parts;
}

}  // namespace coupon
