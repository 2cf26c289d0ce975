// Receiving a webhook's body: in one piece, in memory, within the location's and the worker's bounds,
// and never through a file, which would block the event loop.
#pragma once

#include "webhook_context.hpp"

namespace coupon {

// At configuration time.
void watch_webhook_bodies();

// Reads the whole body into context.body, then calls `done`, now or later. NGX_DONE, or the status
// that the handler must return.
ngx_int_t receive_webhook_body(ngx_http_request_t* r, WebhookContext& context, ngx_http_client_body_handler_pt done);

// Call first of all in `done`. False: another module has read the body before, into a file.
bool take_webhook_body(ngx_http_request_t* r, WebhookContext& context);

}  // namespace coupon
