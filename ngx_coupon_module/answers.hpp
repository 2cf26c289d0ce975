// How an answer leaves: headers and nothing else for redirects, one short line of text otherwise.
#pragma once

#include "nginx.hpp"

#include <string_view>

namespace coupon {

// Adds a response header whose value must live as long as the request. False: out of memory.
bool add_header(ngx_http_request_t* r, std::string_view name, std::string_view value) noexcept;

// 302 with Location and Cache-Control, without a body.
ngx_int_t send_location(ngx_http_request_t* r, const ngx_str_t& location) noexcept;

// A body of `type`, not stored by caches; `body` is copied.
ngx_int_t send_body(ngx_http_request_t* r, ngx_uint_t status, std::string_view type, std::string_view body) noexcept;

ngx_int_t send_text(ngx_http_request_t* r, ngx_uint_t status, std::string_view line) noexcept;

}  // namespace coupon
