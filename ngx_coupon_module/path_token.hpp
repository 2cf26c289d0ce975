// The last segment of a postback's path is a password. NGINX's logs, and whatever variables they use,
// must not show it.
#pragma once

#include "nginx.hpp"

namespace coupon {

// Replaces that segment by "***" in what becomes $uri, $request_uri and $request, and in the lines of
// error.log. False: out of memory.
bool hide_path_token(ngx_http_request_t* r) noexcept;

}  // namespace coupon
