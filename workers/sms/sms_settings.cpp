#include "sms/sms_settings.hpp"

#include <algorithm>

#include "core/url_authority.hpp"
#include "runtime/environment.hpp"
#include "runtime/error.hpp"
#include "runtime/installation.hpp"
#include "runtime/retry_policy.hpp"
#include "sms/dlt_rules.hpp"
#include "sms/phone_number.hpp"

namespace coupon {
namespace {

std::string checked_url(const std::string& name, std::string url) {
    std::string reason;
    if (!split_url(url, reason)) {
        throw ConfigError(name + " is no http or https URL: " + reason);
    }
    return url;
}

// A promotional header of its own, where a shop has both.
std::string promotional_sender(const std::string& sender) {
    auto own = environment_value("MSG91_PROMOTIONAL_SENDER_ID");
    if (own && !is_sender_id(*own, true)) {
        throw ConfigError("MSG91_PROMOTIONAL_SENDER_ID is not 6 digits");
    }
    return own.value_or(sender);
}

Msg91Settings configured_msg91(const SmsTemplates& templates) {
    Msg91Settings settings;
    settings.base_url =
        checked_url("MSG91_BASE_URL", base_url("MSG91_BASE_URL", "https://control.msg91.com"));
    settings.auth_key = required_environment("MSG91_AUTH_KEY", "what MSG91 knows the shop by");
    settings.sender_id = required_environment("MSG91_SENDER_ID", "the DLT header of the shop");
    if (!is_sender_id(settings.sender_id, false) && !is_sender_id(settings.sender_id, true)) {
        throw ConfigError(
            "MSG91_SENDER_ID is neither 6 letters (transactional) nor 6 digits "
            "(promotional)");
    }
    settings.promotional_sender_id = promotional_sender(settings.sender_id);
    for (const auto& [type, known] : templates) {
        if (auto id = environment_value(msg91_template_variable(type))) {
            settings.templates.emplace(type, *std::move(id));
        }
    }
    return settings;
}

std::string whatsapp_sender() {
    auto number = environment_value("TWILIO_WHATSAPP_FROM").value_or("");
    if (number.empty()) {
        return number;
    }
    if (number.starts_with("whatsapp:")) {
        number.erase(0, 9);
    }
    try {
        return e164_number(number, configured_country_code());
    } catch (const PermanentFailure&) {
        throw ConfigError("TWILIO_WHATSAPP_FROM is no phone number: give + and 8 to 15 digits");
    }
}

TwilioSettings configured_twilio() {
    TwilioSettings settings;
    settings.base_url =
        checked_url("TWILIO_BASE_URL", base_url("TWILIO_BASE_URL", "https://api.twilio.com"));
    settings.account_sid = required_environment("TWILIO_ACCOUNT_SID", "the shop's Twilio account");
    settings.auth_token = required_environment("TWILIO_AUTH_TOKEN", "that account's secret");
    settings.from = environment_value("TWILIO_FROM").value_or("");
    settings.messaging_service_sid = environment_value("TWILIO_MESSAGING_SERVICE_SID").value_or("");
    settings.whatsapp_from = whatsapp_sender();
    if (!settings.from.empty() && !settings.messaging_service_sid.empty()) {
        throw ConfigError(
            "TWILIO_FROM and TWILIO_MESSAGING_SERVICE_SID are both set: keep one of them");
    }
    if (settings.from.empty() && settings.messaging_service_sid.empty() &&
        settings.whatsapp_from.empty()) {
        throw ConfigError(
            "neither TWILIO_FROM nor TWILIO_MESSAGING_SERVICE_SID nor TWILIO_WHATSAPP_FROM is set: "
            "Twilio needs a sender");
    }
    if (auto url = environment_value("TWILIO_STATUS_CALLBACK")) {
        settings.status_callback = checked_url("TWILIO_STATUS_CALLBACK", *std::move(url));
    }
    return settings;
}

}  // namespace

std::vector<std::string> configured_sms_providers() {
    const auto list = environment_value("SMS_PROVIDERS").value_or("msg91");
    std::vector<std::string> names;
    for (std::size_t at = 0; at <= list.size();) {
        const auto end = std::min(list.find(',', at), list.size());
        auto name = list.substr(at, end - at);
        name.erase(0, std::min(name.find_first_not_of(' '), name.size()));
        name.erase(name.find_last_not_of(' ') + 1);
        if ((name != "msg91" && name != "twilio") ||
            std::find(names.begin(), names.end(), name) != names.end()) {
            throw ConfigError(
                "SMS_PROVIDERS: give msg91, twilio or both, by comma, the preferred one first");
        }
        names.push_back(std::move(name));
        at = end + 1;
    }
    return names;
}

std::unique_ptr<SmsProvider> make_sms_provider(const std::string& name,
                                               const SmsTemplates& templates) {
    if (name == "msg91") {
        return std::make_unique<Msg91>(configured_msg91(templates));
    }
    return std::make_unique<Twilio>(configured_twilio());
}

std::string configured_country_code() {
    auto code = environment_value("SMS_COUNTRY_CODE").value_or("91");
    if (!is_country_code(code)) {
        throw ConfigError("SMS_COUNTRY_CODE: give one to three digits, like 91");
    }
    return code;
}

SmsTemplates configured_sms_templates() {
    const std::filesystem::path folder =
        environment_value("TEMPLATE_DIR").value_or(shipped_templates());
    return load_sms_templates(folder / "sms");
}

std::vector<std::string> missing_msg91_templates(const SmsTemplates& templates) {
    std::vector<std::string> missing;
    for (const auto& [type, known] : templates) {
        auto variable = msg91_template_variable(type);
        if (!known.whatsapp && !environment_value(variable)) {
            missing.push_back(std::move(variable));
        }
    }
    return missing;
}

}  // namespace coupon
