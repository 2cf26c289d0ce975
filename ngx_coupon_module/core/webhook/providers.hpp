// What each provider's file gives to the table.
#pragma once

#include "core/webhook/provider.hpp"

namespace coupon {

WebhookCheck verify_razorpay(const WebhookSettings& settings, const WebhookRequest& request);
WebhookCheck verify_phonepe(const WebhookSettings& settings, const WebhookRequest& request);
WebhookCheck verify_cashfree(const WebhookSettings& settings, const WebhookRequest& request);
WebhookCheck verify_sslcommerz(const WebhookSettings& settings, const WebhookRequest& request);
WebhookCheck verify_bkash(const WebhookSettings& settings, const WebhookRequest& request);
WebhookCheck verify_sendgrid(const WebhookSettings& settings, const WebhookRequest& request);
WebhookCheck verify_twilio(const WebhookSettings& settings, const WebhookRequest& request);
WebhookCheck verify_msg91(const WebhookSettings& settings, const WebhookRequest& request);
WebhookCheck verify_admitad(const WebhookSettings& settings, const WebhookRequest& request);
WebhookCheck verify_vcommission(const WebhookSettings& settings, const WebhookRequest& request);
WebhookCheck verify_cuelinks(const WebhookSettings& settings, const WebhookRequest& request);
WebhookCheck verify_hmac(const WebhookSettings& settings, const WebhookRequest& request);
WebhookCheck verify_standard_webhook(const WebhookSettings& settings,
                                     const WebhookRequest& request);

std::string check_phonepe_secret(const WebhookSecret& secret);
std::string check_sendgrid_key(const WebhookSecret& secret);
std::string check_standard_webhook_secret(const WebhookSecret& secret);

extern const std::span<const WebhookFieldName> kAdmitadFields;
extern const std::span<const WebhookFieldName> kVcommissionFields;
extern const std::span<const WebhookFieldName> kCuelinksFields;

}  // namespace coupon
