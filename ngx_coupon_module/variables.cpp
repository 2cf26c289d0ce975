#include "variables.hpp"

#include "conf.hpp"
#include "redirect_context.hpp"
#include "request_facts.hpp"
#include "webhook_context.hpp"

#include "core/trace_id.hpp"

namespace coupon {
namespace {

ngx_int_t set_value(ngx_http_variable_value_t* value, std::string_view text) noexcept {
    value->valid = !text.empty();
    value->not_found = text.empty();
    value->no_cacheable = 0;
    value->len = static_cast<unsigned>(text.size());
    value->data = reinterpret_cast<u_char*>(const_cast<char*>(text.data()));
    return NGX_OK;
}

// Null for any other request.
const RedirectContext* find_redirect(const ngx_http_request_t* r) noexcept {
    const RequestContext* context = request_context(r);
    return context != nullptr && context->kind == ContextKind::redirect ? static_cast<const RedirectContext*>(context)
                                                                        : nullptr;
}

ngx_int_t click_id(ngx_http_request_t* r, ngx_http_variable_value_t* value, uintptr_t) {
    const RedirectContext* context = find_redirect(r);
    return set_value(value, context != nullptr && context->has_click_id
                                ? std::string_view{context->click_id, sizeof(context->click_id)}
                                : std::string_view{});
}

ngx_int_t offer(ngx_http_request_t* r, ngx_http_variable_value_t* value, uintptr_t) {
    const RedirectContext* context = find_redirect(r);
    if (context == nullptr || !context->has_path) {
        return set_value(value, {});
    }
    constexpr size_t kUuid_chars = 36;
    auto* text = static_cast<char*>(ngx_pnalloc(r->pool, kUuid_chars));
    if (text == nullptr) {
        return NGX_ERROR;
    }
    write_uuid(context->path.offer, text);
    return set_value(value, {text, kUuid_chars});
}

ngx_int_t cache(ngx_http_request_t* r, ngx_http_variable_value_t* value, uintptr_t) {
    const RedirectContext* context = find_redirect(r);
    return set_value(value, context != nullptr ? cache_name(context->cache) : std::string_view{});
}

ngx_int_t verdict(ngx_http_request_t* r, ngx_http_variable_value_t* value, uintptr_t) {
    if (const WebhookContext* webhook = find_webhook_context(r)) {
        return set_value(value, webhook->answered ? webhook_outcome_name(webhook->outcome) : std::string_view{});
    }
    const RedirectContext* context = find_redirect(r);
    return set_value(value, context != nullptr && context->answered ? outcome_name(context->outcome)
                                                                    : std::string_view{});
}

// Also for requests that are not ours, which a log format or a proxied header may name it in.
ngx_int_t trace(ngx_http_request_t* r, ngx_http_variable_value_t* value, uintptr_t) {
    return set_value(value, trace_id(r, header_facts(r)));
}

// What came, unchanged; else one that begins the trace of this request.
ngx_int_t traceparent(ngx_http_request_t* r, ngx_http_variable_value_t* value, uintptr_t) {
    const HeaderFacts facts = header_facts(r);
    const std::string_view id = trace_id(r, facts);
    if (!facts.traceparent.empty() || !is_trace_id(id)) {
        return set_value(value, facts.traceparent);
    }
    auto* text = static_cast<u_char*>(ngx_pnalloc(r->pool, kTraceparentBytes + 1));
    if (text == nullptr) {
        return NGX_ERROR;
    }
    constexpr size_t kSpanDigits = 16;
    ngx_snprintf(text, kTraceparentBytes + 1, "00-%*s-%*s-01%Z", id.size(), id.data(), kSpanDigits, id.data());
    return set_value(value, {reinterpret_cast<char*>(text), kTraceparentBytes});
}

}  // namespace

ngx_int_t add_variables(ngx_conf_t* cf) {
    struct Definition {
        ngx_str_t name;
        ngx_http_get_variable_pt get;
    };
    Definition definitions[] = {
        {ngx_string("coupon_click_id"), click_id},
        {ngx_string("coupon_offer"), offer},
        {ngx_string("coupon_cache"), cache},
        {ngx_string("coupon_verdict"), verdict},
        {ngx_string("coupon_trace_id"), trace},
        {ngx_string("coupon_traceparent"), traceparent},
    };
    for (Definition& definition : definitions) {
        ngx_http_variable_t* variable = ngx_http_add_variable(cf, &definition.name, 0);
        if (variable == nullptr) {
            return NGX_ERROR;
        }
        variable->get_handler = definition.get;
    }
    return NGX_OK;
}

}  // namespace coupon
