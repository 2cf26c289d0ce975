#include "answers.hpp"

#include <cstring>

namespace coupon {
namespace {

ngx_str_t borrowed(std::string_view text) noexcept {
    return {text.size(), reinterpret_cast<u_char*>(const_cast<char*>(text.data()))};
}

// The element is zeroed as a whole: newer NGINX has a `next` field in it.
ngx_table_elt_t* push_header(ngx_http_request_t* r, std::string_view name, ngx_str_t value) noexcept {
    auto* header = static_cast<ngx_table_elt_t*>(ngx_list_push(&r->headers_out.headers));
    if (header != nullptr) {
        *header = ngx_table_elt_t{};
        header->hash = 1;
        header->key = borrowed(name);
        header->value = value;
    }
    return header;
}

}  // namespace

bool add_header(ngx_http_request_t* r, std::string_view name, std::string_view value) noexcept {
    return push_header(r, name, borrowed(value)) != nullptr;
}

ngx_int_t send_location(ngx_http_request_t* r, const ngx_str_t& location) noexcept {
    ngx_table_elt_t* header = push_header(r, "Location", location);
    if (header == nullptr || !add_header(r, "Cache-Control", "no-cache, no-store, must-revalidate")) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    r->headers_out.location = header;
    r->err_status = 0;  // else an error_page that leads here would keep its own status
    r->headers_out.status = NGX_HTTP_MOVED_TEMPORARILY;
    r->headers_out.content_length_n = 0;
    r->header_only = 1;
    return ngx_http_send_header(r);
}

ngx_int_t send_body(ngx_http_request_t* r, ngx_uint_t status, std::string_view type, std::string_view body) noexcept {
    r->headers_out.status = status;
    r->headers_out.content_type = borrowed(type);
    r->headers_out.content_type_len = type.size();
    r->headers_out.content_length_n = static_cast<off_t>(body.size());
    if (!add_header(r, "Cache-Control", "no-store")) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    const ngx_int_t rc = ngx_http_send_header(r);
    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }
    ngx_buf_t* buffer = ngx_create_temp_buf(r->pool, body.size() + 1);
    if (buffer == nullptr) {
        return NGX_ERROR;
    }
    buffer->last = ngx_cpymem(buffer->pos, body.data(), body.size());
    buffer->last_buf = r == r->main;
    buffer->last_in_chain = 1;
    ngx_chain_t chain{buffer, nullptr};
    return ngx_http_output_filter(r, &chain);
}

ngx_int_t send_text(ngx_http_request_t* r, ngx_uint_t status, std::string_view line) noexcept {
    return send_body(r, status, "text/plain; charset=utf-8", line);
}

}  // namespace coupon
