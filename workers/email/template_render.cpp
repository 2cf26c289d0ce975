#include "email/template_render.hpp"

#include "email/mail_rules.hpp"
#include "runtime/markup.hpp"
#include "runtime/retry_policy.hpp"

namespace coupon {
namespace {

using Data = kainjow::mustache::data;

std::string plain(const std::string& text) {
    return text;
}

bool is_blank(const Data& value) {
    return value.is_false() || value.is_empty_list() || value.is_invalid() ||
           (value.is_string() && value.string_value().empty());
}

bool is_link_name(std::string_view name) {
    return name.ends_with("_url") || name.ends_with("_link");
}

}  // namespace

namespace {

// Ends while it is written what would be too large for a mail in the end.
struct BoundedText {
    const std::string& name;
    std::string text;

    BoundedText& operator<<(const std::string& part) {
        if (text.size() + part.size() > body_max_bytes) {
            throw PermanentFailure("template " + name + ": the mail is larger than " +
                                   std::to_string(body_max_bytes) + " bytes");
        }
        text += part;
        return *this;
    }
};

// What would end a line where nobody expects it, or show a text in another order than it has.
// U+0080 to U+009F are control characters as well.
bool has_unfit_character(std::string_view text) {
    for (std::size_t at = 0; at < text.size(); ++at) {
        const auto byte = static_cast<unsigned char>(text[at]);
        const auto next = [&](std::size_t places) {
            return at + places < text.size() ? static_cast<unsigned char>(text[at + places]) : 0;
        };
        const bool is_bidi =
            byte == 0xe2 && ((next(1) == 0x80 && next(2) >= 0xaa && next(2) <= 0xae) ||
                             (next(1) == 0x81 && next(2) >= 0xa6 && next(2) <= 0xa9));
        if (byte < 0x20 || byte == 0x7f || (byte == 0xc2 && next(1) < 0xa0) || is_bidi) {
            return true;
        }
    }
    return false;
}

}  // namespace

class TemplateText::Context : public kainjow::mustache::basic_context<std::string> {
  public:
    Context(const TemplateText& text, const Data& data) : text_(text) { push(&data); }

    void push(const Data* data) override { stack_.push_back(data); }
    void pop() override { stack_.pop_back(); }

    const Data* get(const std::string& name) const override {
        const Data* value = find(name);
        if (value == nullptr || is_blank(*value)) {
            if (!text_.names_.optional.contains(name)) {
                refuse(name, "is missing or empty");
            }
            return nullptr;
        }
        if (text_.names_.variables.contains(name)) {
            if (!value->is_string()) {
                refuse(name, "is no text");
            }
            if (has_unfit_character(value->string_value())) {
                refuse(name,
                       "holds a line break, another control character or one that turns the "
                       "direction of writing");
            }
            if (is_link_name(name)) {
                if (const auto fault = link_fault(value->string_value()); !fault.empty()) {
                    refuse(name, fault);
                }
            }
        }
        return value;
    }
    const Data* get_partial(const std::string&) const override { return nullptr; }

  private:
    const Data* find(const std::string& name) const {
        for (auto item = stack_.rbegin(); item != stack_.rend(); ++item) {
            if (const auto* value = (*item)->get(name)) {
                return value;
            }
        }
        return nullptr;
    }

    [[noreturn]] void refuse(const std::string& name, const std::string& why) const {
        throw PermanentFailure("template " + text_.name_ + ": the variable " + name + " " + why);
    }

    const TemplateText& text_;
    std::vector<const Data*> stack_;
};

TemplateText::TemplateText(std::string name, const std::string& text, Escape escape)
    : name_(std::move(name)), names_(template_names(text)), mustache_(text) {
    if (!mustache_.is_valid()) {
        throw TemplateError(mustache_.error_message());
    }
    mustache_.set_custom_escape(escape == Escape::html ? markup_escaped : plain);
}

std::string TemplateText::render(const Data& data) {
    Context context(*this, data);
    BoundedText out{name_, {}};
    mustache_.render(context, out);
    return std::move(out.text);
}

namespace {

Data converted(const nlohmann::json& json, int depth) {
    constexpr int depth_max = 16;
    if (depth > depth_max) {
        throw PermanentFailure("data is nested deeper than " + std::to_string(depth_max));
    }
    switch (json.type()) {
        case nlohmann::json::value_t::object: {
            Data object;
            for (const auto& [name, value] : json.items()) {
                object.set(name, converted(value, depth + 1));
            }
            return object;
        }
        case nlohmann::json::value_t::array: {
            Data list(Data::type::list);
            for (const auto& value : json) {
                list.push_back(converted(value, depth + 1));
            }
            return list;
        }
        case nlohmann::json::value_t::string:
            return json.get<std::string>();
        case nlohmann::json::value_t::boolean:
            return json.get<bool>();
        case nlohmann::json::value_t::null:
        case nlohmann::json::value_t::discarded:
        case nlohmann::json::value_t::binary:
            return false;
        default:
            return json.dump();
    }
}

}  // namespace

Data mustache_data(const nlohmann::json& json) {
    return converted(json, 0);
}

}  // namespace coupon
