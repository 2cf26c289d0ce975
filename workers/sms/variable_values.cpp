#include "sms/variable_values.hpp"

#include <algorithm>

#include "core/url_authority.hpp"
#include "messages/money_text.hpp"
#include "runtime/retry_policy.hpp"

namespace coupon {
namespace {

using nlohmann::json;

[[noreturn]] void refuse(const SmsVariable& variable, const std::string& why) {
    const auto source = variable.from.empty() ? std::string() : " (data." + variable.from[0] + ")";
    throw PermanentFailure("variable " + variable.name + source + " " + why);
}

bool is_printable(unsigned char c) noexcept {
    return c > ' ' && c < 0x7f;
}

// Texts of bytes that are UTF-8: PostgreSQL gave them.
std::size_t characters(const std::string& text) noexcept {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    }));
}

std::string trimmed(const std::string& text) {
    const auto first = text.find_first_not_of(' ');
    return first == std::string::npos ? std::string()
                                      : text.substr(first, text.find_last_not_of(' ') - first + 1);
}

bool is_there(const json& value) {
    if (value.is_string()) {
        return !trimmed(value.get_ref<const std::string&>()).empty();
    }
    return !value.is_null() && !(value.is_structured() && value.empty());
}

const json& member(const SmsVariable& variable, const json& data) {
    if (data.is_object()) {
        for (const auto& name : variable.from) {
            const auto found = data.find(name);
            if (found != data.end() && is_there(*found)) {
                return *found;
            }
        }
    }
    refuse(variable, "is missing");
}

// A text, or a whole number as its digits: producers write ids and passwords either way.
std::string plain(const SmsVariable& variable, const json& value) {
    if (value.is_string()) {
        return trimmed(value.get_ref<const std::string&>());
    }
    if (!value.is_number_integer()) {
        refuse(variable, "is no text");
    }
    return value.dump();
}

std::string digits(const SmsVariable& variable, const json& value) {
    auto text = plain(variable, value);
    if (text.find_first_not_of("0123456789") != std::string::npos) {
        refuse(variable, "holds something else than digits");
    }
    return text;
}

// As orders hold them: a code, or an object whose `code` it is.
std::string one_code(const SmsVariable& variable, const json& value) {
    const auto& code = value.is_object() && value.contains("code") ? value["code"] : value;
    auto text = is_there(code) ? plain(variable, code) : std::string();
    if (text.empty() || !std::all_of(text.begin(), text.end(), is_printable)) {
        refuse(variable, "is no code of letters, digits and signs without spaces");
    }
    return text;
}

std::string code(const SmsVariable& variable, const json& value) {
    if (!value.is_array()) {
        return one_code(variable, value);
    }
    auto text = one_code(variable, value[0]);
    return value.size() == 1 ? text : text + " and " + std::to_string(value.size() - 1) + " more";
}

std::string amount(const SmsVariable& variable, const json& value, const json& data) {
    const auto hundredths = read_hundredths(value);
    if (!hundredths) {
        refuse(variable, "is no amount: give 1234.50 as a number or a text");
    }
    std::string currency = "INR";
    if (const auto found = data.find(variable.currency_from);
        !variable.currency_from.empty() && found != data.end() && is_there(*found)) {
        currency = plain(variable, *found);
        if (currency.size() != 3 || !std::all_of(currency.begin(), currency.end(),
                                                 [](char c) { return c >= 'A' && c <= 'Z'; })) {
            refuse(variable, "has a currency (data." + variable.currency_from +
                                 ") that is not three capital letters");
        }
    }
    const bool rupees = currency == "INR";
    const bool lakhs = rupees || currency == "BDT";
    return (rupees ? "Rs." : currency + " ") + grouped_amount(*hundredths, lakhs);
}

std::string url(const SmsVariable& variable, const json& value) {
    auto text = plain(variable, value);
    std::string reason;
    if (!std::all_of(text.begin(), text.end(), is_printable) || !split_url(text, reason)) {
        refuse(variable, "is no http or https link");
    }
    return text;
}

// A link among words is what registered variables must not hold.
std::string words(const SmsVariable& variable, const json& value) {
    auto text = plain(variable, value);
    if (std::any_of(text.begin(), text.end(),
                    [](unsigned char c) { return c < ' ' || c == 0x7f; })) {
        refuse(variable, "holds a control character");
    }
    if (text.find("://") != std::string::npos) {
        refuse(variable, "holds a link, which only a variable of kind url may");
    }
    return text;
}

std::string value_of(const SmsVariable& variable, const json& data) {
    const auto& value = variable.fixed ? json(*variable.fixed) : member(variable, data);
    switch (variable.kind) {
        case VariableKind::digits:
            return digits(variable, value);
        case VariableKind::code:
            return code(variable, value);
        case VariableKind::amount:
            return amount(variable, value, data);
        case VariableKind::url:
            return url(variable, value);
        case VariableKind::text:
            break;
    }
    return words(variable, value);
}

}  // namespace

std::vector<std::string> variable_values(const SmsTemplate& known, const json& data) {
    std::vector<std::string> values;
    for (const auto& variable : known.variables) {
        auto value = value_of(variable, data);
        if (const auto length = characters(value); length > variable.characters_max) {
            refuse(variable, "has " + std::to_string(length) + " characters where DLT allows " +
                                 std::to_string(variable.characters_max));
        }
        values.push_back(std::move(value));
    }
    return values;
}

}  // namespace coupon
