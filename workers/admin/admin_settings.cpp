#include "admin/admin_settings.hpp"

#include "runtime/environment.hpp"
#include "runtime/error.hpp"
#include "runtime/installation.hpp"
#include "runtime/number_setting.hpp"

namespace coupon {
namespace {

constexpr int session_hours_max = 720;

bool secure_cookie() {
    const auto word = environment_value("ADMIN_SECURE_COOKIE").value_or("on");
    if (word != "on" && word != "off") {
        throw ConfigError("ADMIN_SECURE_COOKIE is neither on nor off");
    }
    return word == "on";
}

std::string origin() {
    const auto text = environment_value("ADMIN_ORIGIN").value_or("");
    const auto host = text.find("://");
    const bool scheme = text.starts_with("https://") || text.starts_with("http://");
    if (!text.empty() && (!scheme || text.find('/', host + 3) != std::string::npos)) {
        throw ConfigError(
            "ADMIN_ORIGIN is not like https://shop.example, without a slash behind it");
    }
    return text;
}

}  // namespace

AdminSettings configured_admin() {
    AdminSettings settings{configured_admin_socket(), {}, {}};
    settings.access.passwords_path = environment_value("ADMIN_PASSWORDS").value_or("");
    settings.access.tokens_path = environment_value("ADMIN_TOKENS").value_or("");
    if (settings.access.passwords_path.empty() && settings.access.tokens_path.empty()) {
        throw ConfigError(
            "neither ADMIN_PASSWORDS nor ADMIN_TOKENS names a file: nobody could be let in; make "
            "lines for them with couponctl admin password and couponctl admin token");
    }
    settings.access.session_age =
        std::chrono::hours(number_setting("ADMIN_SESSION_HOURS", 12, 1, session_hours_max));
    settings.access.secure_cookie = secure_cookie();
    settings.access.origin = origin();
    settings.dashboard = environment_value("DASHBOARD_DIR").value_or(shipped_dashboard());
    return settings;
}

}  // namespace coupon
