// application/x-www-form-urlencoded, as bodies and queries carry it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coupon {

struct FormField {
    std::string name;
    std::string value;

    friend bool operator==(const FormField&, const FormField&) = default;
    friend auto operator<=>(const FormField&, const FormField&) = default;
};

inline constexpr size_t kFormFieldsMax = 1000;

/// Of a form that has to be decoded before its signature can be checked: a stranger's, until then.
inline constexpr size_t kSignedFormMaxBytes = 65536;

/// The fields in their order, decoded; a part without `=` is a name with an empty value, an empty
/// part is none. Any bytes are a form; nothing only when there are more than kFormFieldsMax fields.
std::optional<std::vector<FormField>> parse_form(std::string_view text);

/// `+` is a space and %XX a byte; a per cent sign that starts no byte stands for itself.
std::string decode_form_text(std::string_view text);

/// The value of a name that is there exactly once; null otherwise. `times` says how often.
const std::string* only_field(const std::vector<FormField>& fields, std::string_view name,
                              size_t& times) noexcept;

}  // namespace coupon
