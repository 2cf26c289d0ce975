#include "webhooks/check.hpp"

#include "runtime/environment.hpp"
#include "runtime/role_check.hpp"
#include "webhooks/body_retention.hpp"
#include "webhooks/webhook_processor.hpp"

namespace coupon {

int check_webhooks(std::ostream& out) {
    return run_checks(
        "webhooks",
        {check_common_settings, [] { configured_order_updates(); },
         [] { configured_body_days(); },
         [] { required_environment("BACKEND_URL", "where the back end takes /internal calls"); },
         [] { required_environment("BACKEND_TOKEN", "what the back end knows this worker by"); },
         [] { check_redis("webhooks"); },
         [] {
             check_postgres({"webhook_logs", "webhook_events", "outbox", "email_queue", "sms_queue",
                             "cashback_jobs", "journal_segments", "payments", "orders"});
         }},
        out);
}

}  // namespace coupon
