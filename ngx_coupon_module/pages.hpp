// The content handlers of the module, as locations name them.
#pragma once

#include "nginx.hpp"
#include "guarded.hpp"

namespace coupon {

ngx_int_t redirect(ngx_http_request_t* r);      // coupon_redirect
ngx_int_t webhook(ngx_http_request_t* r);       // coupon_webhook
ngx_int_t stats_page(ngx_http_request_t* r);    // coupon_stats, and ?explain=
ngx_int_t metrics_page(ngx_http_request_t* r);  // coupon_metrics
ngx_int_t health_page(ngx_http_request_t* r);   // coupon_health

}  // namespace coupon
