#include "webhook_body.hpp"

#include "edge.hpp"
#include "webhook_answer.hpp"

namespace coupon {
namespace {

ngx_http_request_body_filter_pt next_filter = nullptr;

// A sender that trickles holds its share of the budget no longer than this; NGINX's own
// client_body_timeout only counts the pauses.
constexpr ngx_msec_t kSlowest_ms = 10'000;

ngx_int_t keep(ngx_http_request_t* r, WebhookContext& context, std::string_view bytes) {
    if (bytes.size() > context.conf->body_max_bytes - context.body.size()) {
        return webhook_status(r, WebhookOutcome::too_large);
    }
    if (ngx_current_msec - context.reading_since_ms > kSlowest_ms ||
        !Edge::current().webhooks().bodies().take(bytes.size())) {
        return webhook_status(r, WebhookOutcome::too_many_bytes);
    }
    try {
        context.body.append(bytes);
    } catch (const std::bad_alloc&) {
        Edge::current().webhooks().bodies().give_back(bytes.size());
        return webhook_status(r, WebhookOutcome::too_many_bytes);
    }
    return NGX_OK;
}

// Stands before NGINX's own filter, which would keep the body in pieces or write it to a file.
ngx_int_t keep_body(ngx_http_request_t* r, ngx_chain_t* in) noexcept {
    WebhookContext* context = find_webhook_context(r);
    if (context == nullptr || !context->reading) {
        return next_filter(r, in);
    }
    for (ngx_chain_t* link = in; link != nullptr; link = link->next) {
        ngx_buf_t* buffer = link->buf;
        const std::string_view bytes(reinterpret_cast<char*>(buffer->pos), static_cast<size_t>(buffer->last - buffer->pos));
        if (const ngx_int_t rc = keep(r, *context, bytes); rc != NGX_OK) {
            return rc;
        }
        buffer->pos = buffer->last;  // NGINX may use its memory again
#if nginx_version >= 1021002
        if (buffer->last_buf) {
            r->request_body->last_saved = 1;  // as the filter that is left out would have said
        }
#endif
    }
    return NGX_OK;
}

}  // namespace

void WebhookContext::drop_body() noexcept {
    if (!body.empty() && Edge::running()) {
        Edge::current().webhooks().bodies().give_back(body.size());
    }
    std::string().swap(body);
}

void watch_webhook_bodies() {
    next_filter = ngx_http_top_request_body_filter;
    ngx_http_top_request_body_filter = keep_body;
}

ngx_int_t receive_webhook_body(ngx_http_request_t* r, WebhookContext& context, ngx_http_client_body_handler_pt done) {
    r->request_body_in_file_only = 0;
    context.reading = true;
    context.reading_since_ms = ngx_current_msec;
    const ngx_int_t rc = ngx_http_read_client_request_body(r, done);
    return rc >= NGX_HTTP_SPECIAL_RESPONSE ? rc : NGX_DONE;
}

bool take_webhook_body(ngx_http_request_t* r, WebhookContext& context) {
    context.reading = false;
    if (r->request_body == nullptr) {
        return true;
    }
    for (const ngx_chain_t* link = r->request_body->bufs; link != nullptr; link = link->next) {
        const ngx_buf_t* buffer = link->buf;
        if (!ngx_buf_in_memory(buffer)) {
            return false;
        }
        const std::string_view bytes(reinterpret_cast<char*>(buffer->pos), static_cast<size_t>(buffer->last - buffer->pos));
        if (bytes.size() > context.conf->body_max_bytes - context.body.size() ||
            !Edge::current().webhooks().bodies().take(bytes.size())) {
            return false;
        }
        context.body.append(bytes);
    }
    return true;
}

}  // namespace coupon
