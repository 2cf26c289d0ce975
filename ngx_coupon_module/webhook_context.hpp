// What one webhook request knows about itself; lives in the request's pool.
#pragma once

#include "conf.hpp"
#include "request_context.hpp"
#include "stats.hpp"

#include "journal/writer.hpp"

#include <string>

namespace coupon {

struct WebhookContext : RequestContext {
    explicit WebhookContext(std::shared_ptr<WebhookConf> of_location)
        : RequestContext{ContextKind::webhook}, conf(std::move(of_location)) {}
    ~WebhookContext() { drop_body(); }
    WebhookContext(const WebhookContext&) = delete;
    WebhookContext& operator=(const WebhookContext&) = delete;

    // Its bytes are given back to the worker's budget.
    void drop_body() noexcept;

    std::shared_ptr<WebhookConf> conf;
    std::string path;    // as NGINX decoded it; holds the token
    std::string body;    // whole once the request is read
    bool reading = false;
    ngx_msec_t reading_since_ms = 0;
    bool answered = false;
    WebhookOutcome outcome = WebhookOutcome::unavailable;  // final when answered
    uint64_t received_ns = 0;                              // monotonic; when it was whole
    RecordRef record;
};

// Null for any other request.
inline WebhookContext* find_webhook_context(const ngx_http_request_t* r) noexcept {
    RequestContext* context = request_context(r);
    return context != nullptr && context->kind == ContextKind::webhook ? static_cast<WebhookContext*>(context) : nullptr;
}

}  // namespace coupon
