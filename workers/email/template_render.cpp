#include "email/template_render.hpp"

#include "email/mail_rules.hpp"
#include "runtime/retry_policy.hpp"

namespace coupon {
namespace {

using Data = kainjow::mustache::data;

std::string plain(const std::string& text) {
    return text;
}

// As mustache's own, but &#39;, which old mail clients know and &apos; they do not.
std::string html_escaped(const std::string& text) {
    std::string escaped;
    escaped.reserve(text.size() + text.size() / 8);
    for (const char c : text) {
        switch (c) {
            case '&':
                escaped += "&amp;";
                break;
            case '<':
                escaped += "&lt;";
                break;
            case '>':
                escaped += "&gt;";
                break;
            case '"':
                escaped += "&quot;";
                break;
            case '\'':
                escaped += "&#39;";
                break;
            default:
                escaped += c;
        }
    }
    return escaped;
}

bool is_blank(const Data& value) {
    return value.is_false() || value.is_empty_list() || value.is_invalid() ||
           (value.is_string() && value.string_value().empty());
}

bool is_link_name(std::string_view name) {
    return name.ends_with("_url") || name.ends_with("_link");
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
    mustache_.set_custom_escape(escape == Escape::html ? html_escaped : plain);
}

std::string TemplateText::render(const Data& data) {
    Context context(*this, data);
    return mustache_.render(context);
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
