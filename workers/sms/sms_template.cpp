#include "sms/sms_template.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>

#include "runtime/error.hpp"

namespace coupon {
namespace {

constexpr std::array<const char*, 5> own_types{"otp", "order_confirmation", "voucher",
                                               "cashback_credited", "withdrawal_processed"};

std::string read_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file.is_open()) {
        throw ConfigError(path.string() + ": cannot be read");
    }
    return {std::istreambuf_iterator<char>(file), {}};
}

bool is_type(const std::string& name) {
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    });
}

}  // namespace

std::string SmsTemplate::filled(const std::vector<std::string>& values) const {
    std::string words;
    std::size_t at = 0;
    for (auto open = text.find("{{"); open != std::string::npos; open = text.find("{{", at)) {
        const auto close = text.find("}}", open);
        const auto name = text.substr(open + 2, close - open - 2);
        const auto variable =
            std::find_if(variables.begin(), variables.end(),
                         [&name](const SmsVariable& known) { return known.name == name; });
        words.append(text, at, open - at);
        words += values.at(static_cast<std::size_t>(variable - variables.begin()));
        at = close + 2;
    }
    return words.append(text, at);
}

SmsTemplates load_sms_templates(const std::filesystem::path& folder) {
    SmsTemplates templates;
    std::error_code error;
    for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error)) {
        const auto& path = entry->path();
        if (path.extension() != ".json") {
            continue;
        }
        const auto type = path.stem().string();
        if (!is_type(type)) {
            throw ConfigError(path.string() + ": a type is made of a-z, 0-9 and _");
        }
        templates.emplace(type, parse_sms_template(type, read_file(path), path.string()));
    }
    if (error) {
        throw ConfigError("TEMPLATE_DIR: " + folder.string() + " cannot be read");
    }
    for (const char* type : own_types) {
        if (!templates.contains(type)) {
            throw ConfigError("TEMPLATE_DIR: " + folder.string() + " holds no " + type + ".json");
        }
    }
    return templates;
}

}  // namespace coupon
