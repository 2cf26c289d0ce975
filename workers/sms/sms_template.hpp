// What is registered for one type of text message: its words, its variables, and what each may
// hold.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace coupon {

// digits: 0–9; code: printable ASCII without spaces, several in a list; amount: money; url:
// http(s); text: anything that is no link.
enum class VariableKind : std::uint8_t { digits, code, amount, url, text };

struct SmsVariable {
    std::string name;   // {{name}} in the text
    std::string msg91;  // what MSG91 calls it; upper and lower case matter
    VariableKind kind = VariableKind::text;
    std::size_t characters_max = 0;
    std::vector<std::string> from;     // members of data; the first that is there counts
    std::string currency_from;         // amount: the member that holds the currency
    std::optional<std::string> fixed;  // the value of a setting instead
};

struct SmsTemplate {
    std::string type;
    bool promotional = false;
    bool whatsapp = false;  // by default; data.channel may say otherwise
    bool expires = false;   // a one-time password
    std::vector<SmsVariable> variables;
    std::string text;  // as registered, with {{name}} for each variable

    // `values` in the order of `variables`.
    [[nodiscard]] std::string filled(const std::vector<std::string>& values) const;
};

using SmsTemplates = std::map<std::string, SmsTemplate>;  // by type

// DLT: a variable stands for at most so many characters, spaces included.
inline constexpr std::size_t variable_characters_max = 30;

// Every <type>.json of the folder. Throws ConfigError that names the file and its member, or the
// type that is missing of the five that the shop sends.
SmsTemplates load_sms_templates(const std::filesystem::path& folder);

// Throws ConfigError that names `file` and the member.
SmsTemplate parse_sms_template(const std::string& type, const std::string& json,
                               const std::string& file);

}  // namespace coupon
