#include "cron/alerts/alert_settings.hpp"

#include "runtime/environment.hpp"
#include "runtime/error.hpp"
#include "runtime/number_setting.hpp"

namespace coupon {
namespace {

std::vector<std::string> list_setting(const std::string& name) {
    std::vector<std::string> words;
    std::string word;
    for (const char character : environment_value(name).value_or("") + ",") {
        if (character == ',') {
            if (!word.empty()) {
                words.push_back(word);
            }
            word.clear();
        } else if (character != ' ') {
            word += character;
        }
    }
    return words;
}

void check_url(const std::string& name, const std::string& url) {
    if (!url.starts_with("https://") && !url.starts_with("http://")) {
        throw ConfigError(name + " begins with neither https:// nor http://");
    }
}

}  // namespace

AlertSettings configured_alerts() {
    AlertSettings settings{list_setting("ALERT_EMAIL"),
                           environment_value("ALERT_WEBHOOK_URL").value_or(""),
                           environment_value("ALERT_WEBHOOK_TOKEN").value_or(""),
                           list_setting("ALERT_EDGES"),
                           number_setting("ALERT_REPEAT_HOURS", 6, 1, 1000),
                           number_setting("ALERT_DEAD", 10, 1, 1'000'000)};
    for (const auto& address : settings.mail_to) {
        if (address.find('@') == std::string::npos) {
            throw ConfigError("ALERT_EMAIL holds something that is no address");
        }
    }
    if (!settings.webhook_url.empty()) {
        check_url("ALERT_WEBHOOK_URL", settings.webhook_url);
    }
    for (const auto& edge : settings.edges) {
        check_url("ALERT_EDGES", edge);
    }
    return settings;
}

}  // namespace coupon
