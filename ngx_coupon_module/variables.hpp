// $coupon_click_id $coupon_offer $coupon_cache $coupon_verdict $coupon_trace_id $coupon_traceparent
#pragma once

#include "nginx.hpp"

namespace coupon {

ngx_int_t add_variables(ngx_conf_t* cf);

}  // namespace coupon
