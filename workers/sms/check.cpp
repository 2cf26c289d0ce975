#include "sms/check.hpp"

#include "messages/otp_expiry.hpp"
#include "runtime/environment.hpp"
#include "runtime/error.hpp"
#include "runtime/http_client.hpp"
#include "runtime/provider_limit.hpp"
#include "runtime/role_check.hpp"
#include "sms/dlt_rules.hpp"
#include "sms/sms_settings.hpp"

namespace coupon {
namespace {

// Without one a type's messages are dead letters; a shop may not send all of them.
void check_msg91_templates(const SmsTemplates& templates) {
    std::string names;
    for (const auto& variable : missing_msg91_templates(templates)) {
        names += (names.empty() ? "" : ", ") + variable;
    }
    if (!names.empty()) {
        throw ConfigError("not set: " + names + " (the ids MSG91 has the DLT templates under)");
    }
}

void check_msg91_sender() {
    if (!is_sender_id(environment_value("MSG91_SENDER_ID").value_or(""), false)) {
        throw ConfigError("MSG91_SENDER_ID is not 6 letters, as transactional messages need it");
    }
}

}  // namespace

int check_sms(std::ostream& out) {
    std::vector<Check> checks{check_common_settings,
                              [] { configured_country_code(); },
                              [] { configured_otp_validity(); },
                              [] { https_ca_file(); },
                              [] { configured_sms_templates(); },
                              [] {
                                  for (const auto& name : configured_sms_providers()) {
                                      configured_provider_rate(name);
                                  }
                              }};
    checks.emplace_back([] { check_redis("sms"); });
    checks.emplace_back([] { check_postgres({"sms_queue", "message_events", "suppressions"}); });
    try {
        const auto templates = configured_sms_templates();
        for (const auto& name : configured_sms_providers()) {
            checks.emplace_back([name, templates] { make_sms_provider(name, templates); });
            if (name == "msg91") {
                checks.emplace_back([templates] { check_msg91_templates(templates); });
                checks.emplace_back(check_msg91_sender);
            }
        }
    } catch (const ConfigError&) {
        // One of the checks above says so.
    }
    return run_checks("sms", checks, out);
}

}  // namespace coupon
