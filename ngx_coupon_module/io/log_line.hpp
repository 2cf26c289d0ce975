// One clear sentence into NGINX's error log, and the border that stops exceptions in event
// handlers.
#pragma once

#include "nginx.hpp"

#include <exception>
#include <string_view>

namespace coupon {

// `level` is one of NGX_LOG_*. `text` needs no terminating zero and must hold no secret.
inline void log_line(ngx_uint_t level, ngx_log_t* log, std::string_view text) noexcept {
    ngx_log_error(level, log, 0, "coupon: %*s", text.size(), text.data());
}

// Runs `body`; what it throws becomes a log line instead of reaching NGINX's C frames.
template <class Body>
void run_guarded(ngx_log_t* log, const char* what, Body&& body) noexcept {
    try {
        body();
    } catch (const std::exception& error) {
        ngx_log_error(NGX_LOG_ERR, log, 0, "coupon: %s failed: %s", what, error.what());
    } catch (...) {
        ngx_log_error(NGX_LOG_ERR, log, 0, "coupon: %s failed", what);
    }
}

}  // namespace coupon
