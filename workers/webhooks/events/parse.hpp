// From a stored webhook to what it says happened.
#pragma once

#include <vector>

#include "webhooks/events/event.hpp"

namespace coupon {

// One event; for sendgrid, msg91 any number. Throws MalformedEvent for an event we act on that
// lacks what the action needs. An unknown provider, or event, is one of kind unknown.
std::vector<WebhookEvent> parse_events(const WebhookInput& input);

// The providers, a file each.
std::vector<WebhookEvent> parse_razorpay(const WebhookInput& input);
std::vector<WebhookEvent> parse_phonepe(const WebhookInput& input);
std::vector<WebhookEvent> parse_cashfree(const WebhookInput& input);
std::vector<WebhookEvent> parse_sslcommerz(const WebhookInput& input);
std::vector<WebhookEvent> parse_bkash(const WebhookInput& input);
std::vector<WebhookEvent> parse_sendgrid(const WebhookInput& input);
std::vector<WebhookEvent> parse_twilio(const WebhookInput& input);
std::vector<WebhookEvent> parse_msg91(const WebhookInput& input);
std::vector<WebhookEvent> parse_postback(const WebhookInput& input);

// For those of payments: the amount as it must be there, else MalformedEvent.
std::int64_t required_amount(std::optional<std::int64_t> paise, const char* what);

// For payments: fills the digest from the fields set so far.
void seal_payment(WebhookEvent& event);
void seal_refund(WebhookEvent& event);

}  // namespace coupon
