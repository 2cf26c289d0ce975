#include "email/template_tags.hpp"

#include <algorithm>
#include <ranges>

namespace coupon {
namespace {

using Kind = TemplateTag::Kind;

std::string line_of(std::string_view text, std::size_t at) {
    return "line " + std::to_string(1 + std::ranges::count(text.substr(0, at), '\n')) + ": ";
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    const auto first = text.find_first_not_of(blanks);
    return first == std::string_view::npos
               ? std::string_view()
               : text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

bool is_name(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_';
    });
}

Kind kind_of(char mark) {
    switch (mark) {
        case '#':
            return Kind::section;
        case '^':
            return Kind::inverted;
        case '/':
            return Kind::end;
        case '!':
            return Kind::comment;
        case '$':
            return Kind::block;
        case '<':
            return Kind::parent;
        default:
            return Kind::variable;
    }
}

bool is_section(const TemplateTag& tag) {
    return tag.kind == Kind::section || tag.kind == Kind::inverted;
}

}  // namespace

std::vector<TemplateTag> template_tags(std::string_view text) {
    std::vector<TemplateTag> tags;
    for (auto begin = text.find("{{"); begin != std::string_view::npos;) {
        const auto close = text.find("}}", begin + 2);
        if (close == std::string_view::npos) {
            throw TemplateError(line_of(text, begin) + "a tag is not closed");
        }
        auto inside = trimmed(text.substr(begin + 2, close - begin - 2));
        const auto kind = inside.empty() ? Kind::variable : kind_of(inside.front());
        if (kind != Kind::variable) {
            inside = trimmed(inside.substr(1));
        }
        if (kind != Kind::comment && !is_name(inside)) {
            throw TemplateError(line_of(text, begin) + "{{" + std::string(inside) +
                                "}} is not allowed here: only names, sections and comments are");
        }
        tags.push_back({kind, std::string(inside), begin, close + 2});
        begin = text.find("{{", close + 2);
    }
    return tags;
}

TemplateNames template_names(std::string_view text) {
    const auto tags = template_tags(text);
    TemplateNames names;
    for (const auto& tag : tags) {
        if (is_section(tag)) {
            names.optional.insert(tag.name);
        }
    }
    std::vector<const TemplateTag*> open;
    for (const auto& tag : tags) {
        if (is_section(tag)) {
            open.push_back(&tag);
        } else if (tag.kind == Kind::end) {
            if (open.empty() || open.back()->name != tag.name) {
                throw TemplateError(line_of(text, tag.begin) + "{{/" + tag.name +
                                    "}} closes nothing that is open");
            }
            open.pop_back();
        } else if (tag.kind == Kind::variable) {
            const auto within = [&](const TemplateTag* section) {
                return section->kind == Kind::section && section->name == tag.name;
            };
            if (names.optional.contains(tag.name) && std::ranges::none_of(open, within)) {
                throw TemplateError(line_of(text, tag.begin) + "{{" + tag.name +
                                    "}} is optional elsewhere and could be blank here: put it "
                                    "into its section {{#" +
                                    tag.name + "}}");
            }
            names.variables.insert(tag.name);
        } else if (tag.kind != Kind::comment) {
            throw TemplateError(line_of(text, tag.begin) +
                                "a block or a parent stands where no layout is used");
        }
    }
    if (!open.empty()) {
        throw TemplateError(line_of(text, open.back()->begin) + "the section {{#" +
                            open.back()->name + "}} is not closed");
    }
    return names;
}

}  // namespace coupon
