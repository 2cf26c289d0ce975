#include "cashback/networks/field_map.hpp"

#include <algorithm>
#include <string_view>

#include "runtime/error.hpp"

namespace coupon {
namespace {

// In the order of Field.
constexpr std::array<std::string_view, 11> words{"id",       "click",      "order",  "merchant",
                                                 "status",   "commission", "sale",   "currency",
                                                 "occurred", "updated",    "records"};
// Without these no record can be used.
constexpr std::array<Field, 5> needed{Field::id, Field::click, Field::status, Field::commission,
                                      Field::records};

bool is_needed(Field field) {
    return std::find(needed.begin(), needed.end(), field) != needed.end();
}

[[noreturn]] void refuse(const std::string& variable, const std::string& why) {
    throw ConfigError(variable + " " + why +
                      ": give pairs like \"click=p1 id=_id\" of id, click, "
                      "order, merchant, status, commission, sale, currency, occurred, updated, "
                      "records");
}

}  // namespace

FieldMap FieldMap::with(const std::string& text, const std::string& variable) const {
    auto map = *this;
    for (std::size_t at = 0; (at = text.find_first_not_of(" ,\t\r\n", at)) != std::string::npos;) {
        const auto end = std::min(text.find_first_of(" ,\t\r\n", at), text.size());
        const auto pair = std::string_view(text).substr(at, end - at);
        at = end;
        const auto equals = pair.find('=');
        const auto* word = std::find(words.begin(), words.end(), pair.substr(0, equals));
        if (equals == std::string_view::npos || word == words.end()) {
            refuse(variable, "has a word that is no field");
        }
        const auto field = static_cast<Field>(word - words.begin());
        auto name = std::string(pair.substr(equals + 1));
        if (name.empty() && is_needed(field)) {
            refuse(variable,
                   "leaves out " + std::string(*word) + ", which no record can be without");
        }
        map.set(field, std::move(name));
    }
    return map;
}

}  // namespace coupon
