#include "path_token.hpp"

#include <algorithm>

namespace coupon {
namespace {

constexpr std::string_view kHidden = "***";

// `text` with bytes [begin, end) replaced. The old memory may belong to others, so it is not changed.
bool replace(ngx_pool_t* pool, ngx_str_t& text, size_t begin, size_t end) noexcept {
    const size_t length = text.len - (end - begin) + kHidden.size();
    auto* copy = static_cast<u_char*>(ngx_pnalloc(pool, length + 1));
    if (copy == nullptr) {
        return false;
    }
    u_char* at = ngx_cpymem(copy, text.data, begin);
    at = ngx_cpymem(at, kHidden.data(), kHidden.size());
    at = ngx_cpymem(at, text.data + end, text.len - end);
    *at = '\0';
    text = {length, copy};
    return true;
}

// The last segment of the path that begins in `text` at `begin` and ends before a question mark or space.
bool hide(ngx_pool_t* pool, ngx_str_t& text, size_t begin, const char* ends) noexcept {
    const std::string_view all = view(text);
    const size_t end = std::min(all.find_first_of(ends, begin), all.size());
    const size_t slash = all.substr(0, end).rfind('/');
    if (begin >= end || slash == std::string_view::npos || slash < begin) {
        return true;
    }
    return replace(pool, text, slash + 1, end);
}

}  // namespace

bool hide_path_token(ngx_http_request_t* r) noexcept {
    const std::string_view line = view(r->request_line);
    const size_t target = std::min(line.find(' '), line.size()) + 1;
    return hide(r->pool, r->uri, 0, "") && hide(r->pool, r->unparsed_uri, 0, "?#") &&
           hide(r->pool, r->request_line, target, "?# ");
}

}  // namespace coupon
