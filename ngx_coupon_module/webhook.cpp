// POST to a location with coupon_webhook: the decision list of a webhook, top to bottom. A 200 means
// that its bytes are on disk.
#include "answers.hpp"
#include "edge.hpp"
#include "pages.hpp"
#include "path_token.hpp"
#include "pool_object.hpp"
#include "suspension.hpp"
#include "webhook_answer.hpp"
#include "webhook_body.hpp"
#include "webhook_record.hpp"

#include <exception>

namespace coupon {
namespace {

WebhookRequest describe(ngx_http_request_t* r, const WebhookContext& context, std::span<const WebhookHeader> headers) {
    const ngx_time_t* now = ngx_timeofday();
    WebhookRequest request;
    request.method = r->method == NGX_HTTP_GET ? "GET" : "POST";
    request.path = context.path;
    request.query = view(r->args);
    request.body = context.body;
    request.headers = headers;
    request.now_ms = static_cast<int64_t>(now->sec) * 1000 + now->msec;
    return request;
}

// NGX_DONE: the answer follows the journal's sync.
ngx_int_t wait_for_sync(ngx_http_request_t* r, WebhookContext& context) {
    const auto suspension = Suspension::hold(r);
    if (suspension == nullptr) {
        return answer_webhook(r, WebhookOutcome::unavailable);
    }
    Edge::current().webhooks().journal().when_synced(context.record, [suspension](bool synced) noexcept {
        ngx_http_request_t* waiting = suspension->request();
        if (waiting == nullptr) {
            return;
        }
        if (synced) {
            Edge::current().webhooks().journal().count_served(find_webhook_context(waiting)->record);
        }
        suspension->resume(answer_webhook(waiting, synced ? WebhookOutcome::accepted : WebhookOutcome::unavailable));
    });
    return NGX_DONE;
}

ngx_int_t accept(ngx_http_request_t* r, WebhookContext& context, const WebhookRequest& request,
                 const WebhookCheck& check) {
    switch (record_accepted(r, context, request, check)) {
        case RecordResult::too_large: return answer_webhook(r, WebhookOutcome::too_large);
        case RecordResult::failed: return answer_webhook(r, WebhookOutcome::unavailable);
        case RecordResult::recorded: break;
    }
    context.drop_body();
    return wait_for_sync(r, context);
}

ngx_int_t decide(ngx_http_request_t* r, WebhookContext& context) {
    context.received_ns = monotonic_ns();
    if (!take_webhook_body(r, context)) {
        ngx_log_error(NGX_LOG_ERR, Edge::current().log(), 0,
                      "coupon: the body of a webhook in %s was read by another module before", context.conf->location.c_str());
        return answer_webhook(r, WebhookOutcome::unavailable);
    }
    const auto headers = webhook_headers(r);
    const WebhookRequest request = describe(r, context, headers);
    const WebhookCheck check = context.conf->provider->verify(context.conf->settings, request);
    if (check.verdict == WebhookVerdict::accepted) {
        return accept(r, context, request, check);
    }
    record_refused(r, context, request, check);
    return answer_webhook(r, outcome_of(check.verdict));
}

// Nothing thrown reaches NGINX; it is logged without the request, whose path may hold a token.
template <class Step>
ngx_int_t guarded_step(ngx_http_request_t* r, Step step) noexcept {
    try {
        return step();
    } catch (const std::exception& error) {
        ngx_log_error(NGX_LOG_ERR, Edge::current().log(), 0, "coupon: webhook failed: %s", error.what());
    } catch (...) {
        ngx_log_error(NGX_LOG_ERR, Edge::current().log(), 0, "coupon: webhook failed");
    }
    return answer_webhook(r, WebhookOutcome::unavailable);
}

void body_received(ngx_http_request_t* r) {
    ngx_http_finalize_request(r, guarded_step(r, [r] { return decide(r, *find_webhook_context(r)); }));
}

}  // namespace

ngx_int_t webhook(ngx_http_request_t* r) {
    if (r != r->main) {
        return NGX_HTTP_FORBIDDEN;
    }
    auto* context = pool_object<WebhookContext>(r->pool, location_conf(r).webhook);
    if (context == nullptr) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    ngx_http_set_ctx(r, static_cast<RequestContext*>(context), ngx_http_coupon_module);
    context->path = view(r->uri);
    const WebhookConf& conf = *context->conf;
    if (!conf.settings.tokens.empty() && !hide_path_token(r)) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    if (r->method != NGX_HTTP_POST && !(r->method == NGX_HTTP_GET && conf.provider->get)) {
        if (const ngx_int_t rc = ngx_http_discard_request_body(r); rc != NGX_OK) {
            return rc;
        }
        return answer_webhook(r, WebhookOutcome::method_not_allowed);
    }
    if (r->headers_in.content_length_n > 0 &&
        static_cast<uint64_t>(r->headers_in.content_length_n) > conf.body_max_bytes) {
        r->expect_tested = 1;  // nobody is asked to send it
        ngx_http_discard_request_body(r);
        return webhook_status(r, WebhookOutcome::too_large);
    }
    return receive_webhook_body(r, *context, body_received);
}

}  // namespace coupon
