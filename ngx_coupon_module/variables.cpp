#include "variables.hpp"

#include "conf.hpp"
#include "redirect_context.hpp"

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

ngx_int_t click_id(ngx_http_request_t* r, ngx_http_variable_value_t* value, uintptr_t) {
    const RedirectContext* context = redirect_context(r);
    return set_value(value, context != nullptr && context->has_click_id
                                ? std::string_view{context->click_id, sizeof(context->click_id)}
                                : std::string_view{});
}

ngx_int_t offer(ngx_http_request_t* r, ngx_http_variable_value_t* value, uintptr_t) {
    const RedirectContext* context = redirect_context(r);
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
    const RedirectContext* context = redirect_context(r);
    return set_value(value, context != nullptr ? cache_name(context->cache) : std::string_view{});
}

ngx_int_t verdict(ngx_http_request_t* r, ngx_http_variable_value_t* value, uintptr_t) {
    const RedirectContext* context = redirect_context(r);
    return set_value(value, context != nullptr && context->answered ? outcome_name(context->outcome)
                                                                    : std::string_view{});
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
