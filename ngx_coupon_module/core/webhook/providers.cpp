// The table of providers, and nothing else.
#include "core/webhook/providers.hpp"

#include "core/webhook/check.hpp"

namespace coupon {

namespace {

constexpr std::string_view kRazorpayHeaders[] = {"x-razorpay-signature", "x-razorpay-event-id"};
// Without Authorization: it is as good as the password, and says nothing of the body.
constexpr std::string_view kPhonepeHeaders[] = {"x-verify"};
constexpr std::string_view kCashfreeHeaders[] = {"x-webhook-signature", "x-webhook-timestamp",
                                                 "x-webhook-version", "x-webhook-attempt",
                                                 "x-idempotency-key"};
constexpr std::string_view kBkashHeaders[] = {"x-amz-sns-message-type"};
constexpr std::string_view kSendgridHeaders[] = {"x-twilio-email-event-webhook-signature",
                                                 "x-twilio-email-event-webhook-timestamp"};
constexpr std::string_view kTwilioHeaders[] = {"x-twilio-signature", "i-twilio-idempotency-token"};
constexpr std::string_view kStandardHeaders[] = {"webhook-id", "webhook-timestamp",
                                                 "webhook-signature"};

// What a provider generates is longer; what a person chose must not be guessable from one message.
constexpr size_t kChosenSecretMinBytes = 16;

}  // namespace

std::span<const WebhookProvider> webhook_providers() noexcept {
    static const WebhookProvider table[] = {
        {.name = "razorpay",
         .needs_secret = true,
         .secret_min_bytes = kChosenSecretMinBytes,
         .check_secret = any_secret,
         .headers = kRazorpayHeaders,
         .verify = verify_razorpay},
        {.name = "phonepe",
         .needs_secret = true,
         .takes_index = true,
         .secret_min_bytes = 14,  // the shortest user, a colon, the shortest password
         .check_secret = check_phonepe_secret,
         .headers = kPhonepeHeaders,
         .verify = verify_phonepe},
        {.name = "cashfree",
         .needs_secret = true,
         .signs_time = true,
         .secret_min_bytes = kChosenSecretMinBytes,
         .check_secret = any_secret,
         .headers = kCashfreeHeaders,
         .verify = verify_cashfree},
        {.name = "sslcommerz",
         .needs_secret = true,
         .secret_min_bytes = 8,
         .check_secret = any_secret,
         .verify = verify_sslcommerz},
        {.name = "bkash",
         .needs_topic = true,
         .signs_time = true,
         .check_secret = any_secret,
         .headers = kBkashHeaders,
         .verify = verify_bkash},
        {.name = "sendgrid",
         .needs_secret = true,
         .signs_time = true,
         .check_secret = check_sendgrid_key,
         .headers = kSendgridHeaders,
         .verify = verify_sendgrid},
        {.name = "twilio",
         .needs_secret = true,
         .needs_url = true,
         .secret_min_bytes = kChosenSecretMinBytes,
         .check_secret = any_secret,
         .headers = kTwilioHeaders,
         .verify = verify_twilio},
        {.name = "msg91",
         .needs_token = true,
         .secret_min_bytes = kChosenSecretMinBytes,
         .check_secret = url_token,
         .verify = verify_msg91},
        {.name = "admitad",
         .get = true,
         .needs_token = true,
         .takes_map = true,
         .secret_min_bytes = kChosenSecretMinBytes,
         .check_secret = url_token,
         .default_map = kAdmitadFields,
         .verify = verify_admitad},
        {.name = "vcommission",
         .get = true,
         .needs_token = true,
         .takes_map = true,
         .secret_min_bytes = kChosenSecretMinBytes,
         .check_secret = url_token,
         .default_map = kVcommissionFields,
         .verify = verify_vcommission},
        {.name = "cuelinks",
         .get = true,
         .needs_token = true,
         .takes_map = true,
         .secret_min_bytes = kChosenSecretMinBytes,
         .check_secret = url_token,
         .default_map = kCuelinksFields,
         .verify = verify_cuelinks},
        {.name = "hmac",
         .needs_secret = true,
         .takes_arguments = true,
         .secret_min_bytes = kChosenSecretMinBytes,
         .check_secret = any_secret,
         .verify = verify_hmac},
        {.name = "standard-webhooks",
         .needs_secret = true,
         .signs_time = true,
         .check_secret = check_standard_webhook_secret,
         .headers = kStandardHeaders,
         .verify = verify_standard_webhook},
    };
    return table;
}

}  // namespace coupon
