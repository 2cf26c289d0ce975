#include "email/check.hpp"

#include "email/email_settings.hpp"
#include "email/mail_composer.hpp"
#include "runtime/clock.hpp"
#include "runtime/environment.hpp"
#include "runtime/error.hpp"
#include "runtime/retry_policy.hpp"
#include "runtime/role_check.hpp"

namespace coupon {

namespace {

void check_templates() {
    const auto from = environment_value("FROM_EMAIL").value_or("shop@example.com");
    MailComposer composer(configured_mail(from));
    for (const auto& name : composer.templates().names()) {
        try {
            composer.compose_sample(name, unix_now_s());
        } catch (const PermanentFailure& failure) {
            throw ConfigError(name + ".sample.json does not make a mail: " + failure.what());
        }
    }
}

}  // namespace

int check_email(std::ostream& out) {
    return run_checks("email",
                      {check_common_settings, [] { configured_email(); }, check_templates,
                       [] { check_redis("email"); },
                       [] {
                           check_postgres({"email_queue", "message_events", "suppressions"});
                       }},
                      out);
}

}  // namespace coupon
