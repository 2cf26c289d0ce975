// The border: nothing thrown by our code reaches NGINX.
#pragma once

#include "nginx.hpp"

#include <exception>

namespace coupon {

// Wraps a content handler; an exception becomes a log line and a 500.
template <ngx_int_t (*Handler)(ngx_http_request_t*)>
ngx_int_t guarded(ngx_http_request_t* r) noexcept {
    try {
        return Handler(r);
    } catch (const std::exception& error) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0, "coupon: request failed: %s", error.what());
    } catch (...) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0, "coupon: request failed");
    }
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
}

}  // namespace coupon
