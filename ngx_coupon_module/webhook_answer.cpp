#include "webhook_answer.hpp"

#include "answers.hpp"
#include "edge.hpp"
#include "webhook_context.hpp"

namespace coupon {
namespace {

constexpr std::string_view kRetry_s = "1";

void finish(ngx_http_request_t* r, WebhookOutcome outcome) noexcept {
    WebhookContext* context = find_webhook_context(r);
    if (context == nullptr || context->answered) {
        return;
    }
    context->answered = true;
    context->outcome = outcome;
    context->drop_body();
    WorkerCounters& counters = Edge::current().counters();
    counters.count(context->conf->provider_index, outcome);
    if (context->record && context->received_ns != 0) {
        counters.webhook_waiting.add(monotonic_ns() - context->received_ns);
    }
}

struct Answer {
    ngx_uint_t status;
    std::string_view line;
};

Answer answer_of(WebhookOutcome outcome) noexcept {
    switch (outcome) {
        case WebhookOutcome::accepted: return {NGX_HTTP_OK, "OK"};
        case WebhookOutcome::missing: return {NGX_HTTP_BAD_REQUEST, "Signature missing\n"};
        case WebhookOutcome::malformed: return {NGX_HTTP_BAD_REQUEST, "Malformed webhook\n"};
        case WebhookOutcome::bad: return {NGX_HTTP_UNAUTHORIZED, "Signature not valid\n"};
        case WebhookOutcome::stale: return {NGX_HTTP_UNAUTHORIZED, "Signature too old\n"};
        case WebhookOutcome::method_not_allowed: return {NGX_HTTP_NOT_ALLOWED, "Method not allowed\n"};
        case WebhookOutcome::too_large: return {NGX_HTTP_REQUEST_ENTITY_TOO_LARGE, "Body too large\n"};
        case WebhookOutcome::too_many_bytes:
        case WebhookOutcome::unavailable:
        case WebhookOutcome::count: break;
    }
    return {NGX_HTTP_SERVICE_UNAVAILABLE, "Not stored, try again\n"};
}

bool add_headers(ngx_http_request_t* r, WebhookOutcome outcome, ngx_uint_t status) noexcept {
    if (outcome == WebhookOutcome::method_not_allowed) {
        const WebhookContext* context = find_webhook_context(r);
        return add_header(r, "Allow", context->conf->provider->get ? "GET, POST" : "POST");
    }
    return status != NGX_HTTP_SERVICE_UNAVAILABLE || add_header(r, "Retry-After", kRetry_s);
}

}  // namespace

ngx_int_t answer_webhook(ngx_http_request_t* r, WebhookOutcome outcome) noexcept {
    finish(r, outcome);
    const Answer answer = answer_of(outcome);
    if (!add_headers(r, outcome, answer.status)) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    return send_text(r, answer.status, answer.line);
}

ngx_int_t webhook_status(ngx_http_request_t* r, WebhookOutcome outcome) noexcept {
    finish(r, outcome);
    const Answer answer = answer_of(outcome);
    r->keepalive = 0;
    r->lingering_close = 1;
    if (!add_headers(r, outcome, answer.status)) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    return static_cast<ngx_int_t>(answer.status);
}

WebhookOutcome outcome_of(WebhookVerdict verdict) noexcept {
    switch (verdict) {
        case WebhookVerdict::accepted: return WebhookOutcome::accepted;
        case WebhookVerdict::missing: return WebhookOutcome::missing;
        case WebhookVerdict::malformed: return WebhookOutcome::malformed;
        case WebhookVerdict::bad: return WebhookOutcome::bad;
        case WebhookVerdict::stale: return WebhookOutcome::stale;
    }
    return WebhookOutcome::malformed;
}

}  // namespace coupon
