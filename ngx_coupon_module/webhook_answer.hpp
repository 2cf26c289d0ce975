// How a webhook is answered: each outcome has its status and one line that tells a stranger nothing.
#pragma once

#include "nginx.hpp"
#include "stats.hpp"

#include "core/webhook/provider.hpp"

namespace coupon {

// Counts the outcome and sends its answer; what the handler must return.
ngx_int_t answer_webhook(ngx_http_request_t* r, WebhookOutcome outcome) noexcept;

// For a body that is not read to its end: counts the outcome and returns the status for NGINX to
// answer with, which closes the connection.
ngx_int_t webhook_status(ngx_http_request_t* r, WebhookOutcome outcome) noexcept;

WebhookOutcome outcome_of(WebhookVerdict verdict) noexcept;

}  // namespace coupon
