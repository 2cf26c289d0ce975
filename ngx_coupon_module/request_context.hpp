// What the module's slot of a request points to: the context of a redirect or of a webhook.
#pragma once

#include "nginx.hpp"

#include <cstdint>

extern "C" ngx_module_t ngx_http_coupon_module;

namespace coupon {

enum class ContextKind : uint8_t { redirect, webhook };

struct RequestContext {
    ContextKind kind;
};

// Null for a request that neither handler has seen.
inline RequestContext* request_context(const ngx_http_request_t* r) noexcept {
    return static_cast<RequestContext*>(ngx_http_get_module_ctx(r, ngx_http_coupon_module));
}

}  // namespace coupon
