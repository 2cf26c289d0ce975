// Reads the JSON of one template. A wrong one never starts, so that no message finds out.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include "runtime/environment.hpp"
#include "runtime/error.hpp"
#include "runtime/retry_policy.hpp"
#include "sms/sms_template.hpp"
#include "sms/variable_values.hpp"

namespace coupon {
namespace {

using nlohmann::json;

constexpr std::size_t text_bytes_max = 1600;  // Twilio takes no more
constexpr std::array<std::pair<std::string_view, VariableKind>, 5> kinds{{
    {"digits", VariableKind::digits},
    {"code", VariableKind::code},
    {"amount", VariableKind::amount},
    {"url", VariableKind::url},
    {"text", VariableKind::text},
}};

// One object of the file; `place` is what an error says before the member's name.
struct Members {
    const json& object;
    const std::string& place;

    [[noreturn]] void refuse(const char* member, const std::string& why) const {
        throw ConfigError(place + member + ": " + why);
    }

    [[nodiscard]] std::string text(const char* member) const {
        const auto found = object.find(member);
        if (found == object.end()) {
            return {};
        }
        if (!found->is_string() || found->get_ref<const std::string&>().empty()) {
            refuse(member, "not a text");
        }
        return found->get<std::string>();
    }

    [[nodiscard]] std::string required(const char* member) const {
        auto value = text(member);
        if (value.empty()) {
            refuse(member, "missing");
        }
        return value;
    }

    [[nodiscard]] bool flag(const char* member) const {
        const auto found = object.find(member);
        if (found == object.end()) {
            return false;
        }
        if (!found->is_boolean()) {
            refuse(member, "neither true nor false");
        }
        return found->get<bool>();
    }

    // Whether it is the second of two words.
    [[nodiscard]] bool is_second(const char* member, const char* first, const char* second) const {
        const auto word = required(member);
        if (word != first && word != second) {
            refuse(member, std::string("neither ") + first + " nor " + second);
        }
        return word == second;
    }

    // A misspelt member would be a rule nobody keeps.
    void only(std::initializer_list<std::string_view> known) const {
        for (const auto& [name, value] : object.items()) {
            if (std::find(known.begin(), known.end(), name) == known.end()) {
                refuse(name.c_str(), "not a member of a template");
            }
        }
    }
};

VariableKind parse_kind(const Members& members) {
    const auto word = members.required("kind");
    for (const auto& [name, kind] : kinds) {
        if (name == word) {
            return kind;
        }
    }
    members.refuse("kind", "none of digits, code, amount, url and text");
}

std::size_t parse_max(const Members& members) {
    const auto found = members.object.find("max");
    if (found == members.object.end()) {
        return variable_characters_max;
    }
    if (!found->is_number_unsigned() || *found < 1 || *found > variable_characters_max) {
        members.refuse("max", "not a number of characters from 1 to " +
                                  std::to_string(variable_characters_max) +
                                  ", which is what DLT allows a variable");
    }
    return found->get<std::size_t>();
}

std::vector<std::string> parse_from(const Members& members) {
    const auto found = members.object.find("from");
    if (found == members.object.end()) {
        return {};
    }
    const auto list = found->is_array() ? *found : json::array({*found});
    std::vector<std::string> from;
    for (const auto& name : list) {
        if (!name.is_string() || name.get_ref<const std::string&>().empty()) {
            members.refuse("from", "not the name of a member of data, or a list of such names");
        }
        from.push_back(name);
    }
    if (from.empty()) {
        members.refuse("from", "an empty list");
    }
    return from;
}

// A setting that breaks the rules would make a dead letter of every message.
void check_setting(const std::string& setting, const SmsVariable& variable) {
    SmsTemplate alone;
    alone.variables.push_back(variable);
    try {
        variable_values(alone, json::object());
    } catch (const PermanentFailure& failure) {
        throw ConfigError(setting + ": " + failure.what());
    }
}

SmsVariable parse_variable(const json& object, const std::string& place) {
    const Members members{object, place};
    if (!object.is_object()) {
        throw ConfigError(place + "name: missing");
    }
    members.only({"name", "msg91", "kind", "max", "from", "setting", "currency"});
    SmsVariable variable;
    variable.name = members.required("name");
    variable.msg91 = members.required("msg91");
    variable.kind = parse_kind(members);
    variable.characters_max = parse_max(members);
    variable.from = parse_from(members);
    variable.currency_from = members.text("currency");
    const auto setting = members.text("setting");
    if (variable.from.empty() == setting.empty()) {
        members.refuse("from", "exactly one of from and setting says where the value comes from");
    }
    if (!setting.empty()) {
        variable.fixed =
            required_environment(setting, "what text messages say for {{" + variable.name + "}}");
        check_setting(setting, variable);
    }
    if (!variable.currency_from.empty() && variable.kind != VariableKind::amount) {
        members.refuse("currency", "only an amount has one");
    }
    return variable;
}

void check_variables(const SmsTemplate& known, const std::string& file) {
    for (const auto& one : known.variables) {
        const auto same = [&one](const SmsVariable& other) {
            return other.name == one.name || other.msg91 == one.msg91;
        };
        if (std::count_if(known.variables.begin(), known.variables.end(), same) > 1) {
            throw ConfigError(file + ": variables: " + one.name + " is named twice");
        }
        if (one.msg91 == "mobiles") {
            throw ConfigError(file + ": variables: mobiles is what MSG91 calls the number");
        }
        if (known.text.find("{{" + one.name + "}}") == std::string::npos) {
            throw ConfigError(file + ": text: holds no {{" + one.name + "}}");
        }
    }
}

void check_places(const SmsTemplate& known, const std::string& file) {
    const auto refuse = [&file](const std::string& why) {
        throw ConfigError(file + ": text: " + why);
    };
    std::size_t at = 0;
    for (auto open = known.text.find("{{"); open != std::string::npos;
         open = known.text.find("{{", at)) {
        const auto close = known.text.find("}}", open);
        if (close == std::string::npos) {
            refuse("{{ without }}");
        }
        const auto name = known.text.substr(open + 2, close - open - 2);
        if (std::none_of(known.variables.begin(), known.variables.end(),
                         [&name](const SmsVariable& one) { return one.name == name; })) {
            refuse("{{" + name + "}} is none of the variables");
        }
        at = close + 2;
    }
    std::size_t longest = known.text.size();
    for (const auto& variable : known.variables) {
        longest += variable.characters_max;
    }
    if (longest > text_bytes_max) {
        refuse("longer than " + std::to_string(text_bytes_max) + " characters");
    }
}

}  // namespace

SmsTemplate parse_sms_template(const std::string& type, const std::string& text,
                               const std::string& file) {
    const auto object = json::parse(text, nullptr, false);
    if (!object.is_object()) {
        throw ConfigError(file + ": not a JSON object");
    }
    const auto place = file + ": ";
    const Members members{object, place};
    members.only({"category", "channel", "expires", "variables", "text"});
    SmsTemplate known;
    known.type = type;
    known.promotional = members.is_second("category", "transactional", "promotional");
    known.whatsapp = object.contains("channel") && members.is_second("channel", "sms", "whatsapp");
    known.expires = members.flag("expires");
    known.text = members.required("text");
    const auto variables = object.find("variables");
    if (variables == object.end() || !variables->is_array()) {
        members.refuse("variables", "not a list");
    }
    for (const auto& variable : *variables) {
        known.variables.push_back(parse_variable(
            variable, place + "variables[" + std::to_string(known.variables.size()) + "]."));
    }
    check_variables(known, file);
    check_places(known, file);
    return known;
}

}  // namespace coupon
