#include "email/template_layout.hpp"

#include <map>

#include "email/template_tags.hpp"

namespace coupon {
namespace {

using Kind = TemplateTag::Kind;

struct Block {
    std::string name;
    std::size_t begin, end;  // with its tags
    std::string_view inside;
};

// One line break after the opening tag and one before the closing one belong to the tags.
std::string_view without_edges(std::string_view text) {
    if (text.starts_with('\n')) {
        text.remove_prefix(1);
    }
    if (text.ends_with('\n')) {
        text.remove_suffix(1);
    }
    return text;
}

// Blocks do not hold others.
std::vector<Block> blocks_of(std::string_view text, const std::vector<TemplateTag>& tags) {
    std::vector<Block> blocks;
    for (auto tag = tags.begin(); tag != tags.end(); ++tag) {
        if (tag->kind != Kind::block) {
            continue;
        }
        const auto& open = *tag;
        while (++tag != tags.end() && !(tag->kind == Kind::end && tag->name == open.name)) {
            if (tag->kind == Kind::block) {
                throw TemplateError("the block {{$" + open.name + "}} holds another one");
            }
        }
        if (tag == tags.end()) {
            throw TemplateError("the block {{$" + open.name + "}} is not closed");
        }
        blocks.push_back({open.name, open.begin, tag->end,
                          without_edges(text.substr(open.end, tag->begin - open.end))});
    }
    return blocks;
}

}  // namespace

std::string laid_out(std::string_view text, std::string_view layout) {
    const auto tags = template_tags(text);
    if (tags.empty() || tags.front().kind != Kind::parent) {
        return std::string(text);
    }
    if (tags.front().name != "layout" || tags.back().kind != Kind::end ||
        tags.back().name != "layout") {
        throw TemplateError("{{<layout}} must be the only parent, and {{/layout}} the last tag");
    }
    std::map<std::string, std::string_view> filled;
    for (const auto& block : blocks_of(text, tags)) {
        filled[block.name] = block.inside;
    }
    std::string whole;
    std::size_t at = 0;
    for (const auto& block : blocks_of(layout, template_tags(layout))) {
        whole += layout.substr(at, block.begin - at);
        const auto own = filled.extract(block.name);
        whole += own ? own.mapped() : block.inside;
        at = block.end;
    }
    whole += layout.substr(at);
    if (!filled.empty()) {
        throw TemplateError("the layout has no block {{$" + filled.begin()->first + "}}");
    }
    return whole;
}

}  // namespace coupon
