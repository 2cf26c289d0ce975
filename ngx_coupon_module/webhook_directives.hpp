// The coupon_webhook… directives of a location.
#pragma once

#include "conf.hpp"

namespace coupon {

char* set_webhook(ngx_conf_t* cf, ngx_command_t*, void* conf);
char* set_webhook_secret(ngx_conf_t* cf, ngx_command_t*, void* conf);
char* set_webhook_token(ngx_conf_t* cf, ngx_command_t*, void* conf);
char* set_webhook_topic(ngx_conf_t* cf, ngx_command_t*, void* conf);
char* set_webhook_url(ngx_conf_t* cf, ngx_command_t*, void* conf);
char* set_webhook_map(ngx_conf_t* cf, ngx_command_t*, void* conf);
char* set_webhook_tolerance(ngx_conf_t* cf, ngx_command_t*, void* conf);

// Once the whole location was read, in whatever order: its provider has all it needs, nothing that it
// does not take, and each body it may receive fits into a segment of the journal. False: logged.
bool check_webhook(ngx_conf_t* cf, LocationConf& location);

}  // namespace coupon
