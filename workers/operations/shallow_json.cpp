#include "operations/shallow_json.hpp"

namespace coupon {
namespace {

constexpr int depth_max = 64;

bool is_deep(std::string_view text) noexcept {
    int depth = 0;
    bool in_text = false;
    for (std::size_t i = 0; i < text.size() && depth <= depth_max; ++i) {
        const char c = text[i];
        if (in_text) {
            i += c == '\\' ? 1 : 0;
            in_text = c != '"';
        } else if (c == '"') {
            in_text = true;
        } else {
            depth += c == '[' || c == '{' ? 1 : c == ']' || c == '}' ? -1 : 0;
        }
    }
    return depth > depth_max;
}

}  // namespace

std::optional<nlohmann::ordered_json> read_json(std::string_view text) {
    if (is_deep(text)) {
        return std::nullopt;
    }
    auto json = nlohmann::ordered_json::parse(text, nullptr, false);
    if (json.is_discarded()) {
        return std::nullopt;
    }
    return json;
}

}  // namespace coupon
