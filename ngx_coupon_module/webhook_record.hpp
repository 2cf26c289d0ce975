// Turns a verified or refused webhook into a record of the journal.
#pragma once

#include "webhook_context.hpp"

#include <vector>

namespace coupon {

// All headers of the request; views live as long as it.
std::vector<WebhookHeader> webhook_headers(const ngx_http_request_t* r);

enum class RecordResult : uint8_t {
    recorded,   // context.record is set
    too_large,  // no segment could hold it
    failed,     // the journal cannot take it now
};

// With its whole body, for what is accepted.
RecordResult record_accepted(ngx_http_request_t* r, WebhookContext& context, const WebhookRequest& request,
                             const WebhookCheck& check);

// Without body, without a sync, a few a second and location, and only while the journal has room; the
// others are counted.
void record_refused(ngx_http_request_t* r, WebhookContext& context, const WebhookRequest& request,
                    const WebhookCheck& check);

}  // namespace coupon
