// What the sms role is told by its environment.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sms/msg91.hpp"
#include "sms/sms_template.hpp"
#include "sms/twilio.hpp"

namespace coupon {

// Each throws ConfigError that names the variable.

// SMS_PROVIDERS, or msg91 alone: names, in the order of preference.
std::vector<std::string> configured_sms_providers();
// Of one of those names.
std::unique_ptr<SmsProvider> make_sms_provider(const std::string& name,
                                               const SmsTemplates& templates);
// SMS_COUNTRY_CODE, or 91.
std::string configured_country_code();
// The folder sms of TEMPLATE_DIR, or of the built-in one.
SmsTemplates configured_sms_templates();

// The types that MSG91 has no template for, as the variables to set.
std::vector<std::string> missing_msg91_templates(const SmsTemplates& templates);

}  // namespace coupon
