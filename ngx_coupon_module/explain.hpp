// What /out/<merchant>/<offer>[/<user>] would answer and why, without a click.
#pragma once

#include "nginx.hpp"

#include <string_view>

namespace coupon {

// `encoded_path` is percent-encoded. Answers JSON {offer, cache, macros, url, reason}; `reason` is
// empty when the redirect would happen.
ngx_int_t explain(ngx_http_request_t* r, std::string_view encoded_path);

}  // namespace coupon
