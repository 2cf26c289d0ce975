// The tags of a mustache text: what the templates may use is less than what mustache knows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace coupon {

// A template is wrong; one sentence, with the line where it can be told.
class TemplateError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

struct TemplateTag {
    enum class Kind : std::uint8_t {
        variable,
        section,
        inverted,
        end,
        comment,
        block,
        parent
    } kind;
    std::string name;
    std::size_t begin = 0, end = 0;  // of the whole tag
};

// Throws TemplateError for a tag that is not closed, has no plain name ([A-Za-z0-9_]), or is one of
// those that are not allowed: {{{…}}} and {{&…}} (what they put in is not escaped), {{>…}}, {{=…}}.
std::vector<TemplateTag> template_tags(std::string_view text);

// The names a template uses.
struct TemplateNames {
    std::set<std::string> variables;  // {{x}}: must be a text
    std::set<std::string> optional;   // {{#x}} or {{^x}}: may be missing
};

// Throws TemplateError as well where a section is not closed, or an optional variable stands
// outside of its section, where it could be blank.
TemplateNames template_names(std::string_view text);

}  // namespace coupon
