// $coupon_click_id $coupon_offer $coupon_cache $coupon_verdict
#pragma once

#include "nginx.hpp"

namespace coupon {

ngx_int_t add_variables(ngx_conf_t* cf);

}  // namespace coupon
