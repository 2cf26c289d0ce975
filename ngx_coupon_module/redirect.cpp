// GET /out/<merchant>/<offer>[/<user>]: the decision list of the redirect, top to bottom.
#include "answers.hpp"
#include "click.hpp"
#include "conf.hpp"
#include "edge.hpp"
#include "pages.hpp"
#include "redirect_context.hpp"
#include "request_facts.hpp"
#include "suspension.hpp"

#include <charconv>
#include <memory>

namespace coupon {
namespace {

constexpr std::string_view kInvalid = "Invalid redirect URL\n";
constexpr std::string_view kNotFound = "Offer not found or expired\n";
constexpr uint32_t kMissDeadline_ms = 1000;
constexpr std::string_view kUnavailableRetry_s = "1";

ngx_int_t finish(ngx_http_request_t* r, Outcome outcome) noexcept {
    RedirectContext* context = redirect_context(r);
    context->outcome = outcome;
    context->answered = true;
    WorkerCounters& counters = Edge::current().counters();
    counters.count(outcome);
    counters.count(context->cache);
    if (context->started_ns != 0) {
        (context->waited ? counters.waiting : counters.handling).add(monotonic_ns() - context->started_ns);
    }
    return NGX_OK;
}

ngx_int_t answer_line(ngx_http_request_t* r, Outcome outcome, ngx_uint_t status, std::string_view line) noexcept {
    finish(r, outcome);
    return send_text(r, status, line);
}

ngx_int_t refuse_method(ngx_http_request_t* r) noexcept {
    if (!add_header(r, "Allow", "GET, HEAD")) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    return answer_line(r, Outcome::method_not_allowed, NGX_HTTP_NOT_ALLOWED, "Method not allowed\n");
}

ngx_int_t refuse_speculation(ngx_http_request_t* r) noexcept {
    if (!add_header(r, "Vary", "Sec-Purpose")) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    return answer_line(r, Outcome::speculative, NGX_HTTP_FORBIDDEN, "Not loaded ahead of a click\n");
}

ngx_int_t refuse_unavailable(ngx_http_request_t* r) noexcept {
    if (!add_header(r, "Retry-After", kUnavailableRetry_s)) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    return answer_line(r, Outcome::unavailable, NGX_HTTP_SERVICE_UNAVAILABLE, "Offers are loading, try again\n");
}

ngx_int_t refuse_limited(ngx_http_request_t* r, uint32_t retry_after_s) noexcept {
    constexpr size_t kDigits = 10;
    auto* text = static_cast<char*>(ngx_pnalloc(r->pool, kDigits));
    if (text == nullptr) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    const char* end = std::to_chars(text, text + kDigits, retry_after_s).ptr;
    if (!add_header(r, "Retry-After", {text, static_cast<size_t>(end - text)})) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    return answer_line(r, Outcome::limited, NGX_HTTP_TOO_MANY_REQUESTS, "Too many redirects, try again later\n");
}

ngx_int_t answer_not_found(ngx_http_request_t* r) noexcept {
    const LocationConf& location = location_conf(r);
    if (location.fallback.len == 0) {
        return answer_line(r, Outcome::not_found, NGX_HTTP_NOT_FOUND, kNotFound);
    }
    finish(r, Outcome::fallback);
    return send_location(r, location.fallback);
}

// The header is about to leave: what is counted here is what the audit calls served.
ngx_int_t send_click(ngx_http_request_t* r) noexcept {
    RedirectContext* context = redirect_context(r);
    Edge& edge = Edge::current();
    if (context->record) {
        edge.clicks().count_served(context->record);
        finish(r, Outcome::redirect);
    } else {
        edge.clicks().count_unjournaled();
        finish(r, Outcome::unjournaled);
    }
    return send_location(r, context->location);
}

// The first wait takes a reference to the request; a second wait goes on with it.
std::shared_ptr<Suspension> suspend(ngx_http_request_t* r) {
    RedirectContext* context = redirect_context(r);
    context->waited = true;
    context->started_ns = monotonic_ns();
    return Suspension::hold(r);
}

// `suspension` is null when the request is not suspended yet.
ngx_int_t wait_for_sync(ngx_http_request_t* r, std::shared_ptr<Suspension> suspension) {
    if (suspension == nullptr) {
        suspension = suspend(r);
    }
    if (suspension == nullptr) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    Edge::current().clicks().when_synced(redirect_context(r)->record, [suspension](bool synced) noexcept {
        if (ngx_http_request_t* waiting = suspension->request()) {
            // Without the sync the chosen mode promises nothing: no 302 is sent.
            suspension->resume(synced ? send_click(waiting) : refuse_unavailable(waiting));
        }
    });
    return NGX_DONE;
}

ngx_int_t answer_offer(ngx_http_request_t* r, const OfferView& offer, std::shared_ptr<Suspension> suspension) {
    if (!offer.live_at(ngx_time())) {
        return answer_not_found(r);
    }
    switch (record_click(r, offer)) {
        case ClickResult::ready: return send_click(r);
        case ClickResult::needs_sync: return wait_for_sync(r, std::move(suspension));
        case ClickResult::failed: break;
    }
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
}

void answer_miss(const std::shared_ptr<Suspension>& suspension, MissOutcome outcome) noexcept {
    ngx_http_request_t* r = suspension->request();
    if (r == nullptr) {
        return;
    }
    RedirectContext* context = redirect_context(r);
    Edge& edge = Edge::current();
    ngx_int_t rc = NGX_ERROR;
    try {
        OfferView offer;
        if (outcome == MissOutcome::found && edge.find(context->path.offer, offer)) {
            context->cache = CacheLevel::miss;
            rc = answer_offer(r, offer, suspension);
        } else if (outcome == MissOutcome::unknown || outcome == MissOutcome::found) {
            context->cache = CacheLevel::miss;
            rc = answer_not_found(r);
        } else {
            context->cache = CacheLevel::down;
            rc = edge.catalog_complete() ? answer_not_found(r) : refuse_unavailable(r);
        }
    } catch (const std::exception& error) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0, "coupon: request failed: %s", error.what());
        rc = NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    if (rc != NGX_DONE) {
        suspension->resume(rc);
    }
}

ngx_int_t find_and_answer(ngx_http_request_t* r, RedirectContext* context) {
    Edge& edge = Edge::current();
    OfferView offer;
    if (edge.find(context->path.offer, offer)) {
        context->cache = edge.catalog_fresh() ? CacheLevel::hit : CacheLevel::stale;
        return answer_offer(r, offer, nullptr);
    }
    if (edge.misses().known_unknown(context->path.offer)) {
        context->cache = CacheLevel::negative;
        return answer_not_found(r);
    }
    const auto suspension = suspend(r);
    if (suspension == nullptr) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    edge.misses().ask(context->path.offer, kMissDeadline_ms,
                      [suspension](MissOutcome outcome) { answer_miss(suspension, outcome); });
    return NGX_DONE;
}

}  // namespace

ngx_int_t redirect(ngx_http_request_t* r) {
    if (r != r->main || r->post_action) {
        return NGX_HTTP_FORBIDDEN;  // a Location would reach no browser
    }
    auto* context = static_cast<RedirectContext*>(ngx_pcalloc(r->pool, sizeof(RedirectContext)));
    if (context == nullptr) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    ngx_http_set_ctx(r, context, ngx_http_coupon_module);
    Edge& edge = Edge::current();
    context->started_ns = edge.sample_started_ns();

    // First of all: a body left on the connection would be read as the next request.
    if (const ngx_int_t rc = ngx_http_discard_request_body(r); rc != NGX_OK) {
        return rc;
    }
    if ((r->method & (NGX_HTTP_GET | NGX_HTTP_HEAD)) == 0) {
        return refuse_method(r);
    }
    const auto path = parse_redirect_path(view(r->uri));
    if (!path || r->http_version < NGX_HTTP_VERSION_10) {  // HTTP/0.9 has no headers to redirect with
        return answer_line(r, Outcome::bad_request, NGX_HTTP_BAD_REQUEST, kInvalid);
    }
    context->path = *path;
    context->has_path = true;
    edge.expect_find(path->offer);
    context->headers = header_facts(r);
    if (context->headers.speculative) {
        return refuse_speculation(r);
    }
    if (const auto& limit = location_conf(r).rate_limit) {
        const Decision decision = edge.check_rate(client_network(r), *limit);
        if (!decision.allowed) {
            return refuse_limited(r, decision.retry_after_s);
        }
    }
    return find_and_answer(r, context);
}

}  // namespace coupon
