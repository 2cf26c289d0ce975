#include "conf.hpp"

#include "pool_object.hpp"

#include <string_view>

namespace coupon {
namespace {

char* const kFailed = static_cast<char*>(NGX_CONF_ERROR);

char* missing(ngx_conf_t* cf, const char* directive, const char* example) {
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"coupon_redirect on\" needs \"%s\" in http{}, for example: %s %s;",
                       directive, directive, example);
    return kFailed;
}

}  // namespace

void* create_main_conf(ngx_conf_t* cf) { return pool_object<MainConf>(cf->pool); }

char* init_main_conf(ngx_conf_t* cf, void* conf) {
    auto& main = *static_cast<MainConf*>(conf);
    if (main.edge_id.empty()) {
        main.edge_id = view(cf->cycle->hostname).substr(0, 63);
    }
    if (!main.redirects) {
        return NGX_CONF_OK;
    }
    if (main.catalog_zone == nullptr) {
        return missing(cf, "coupon_catalog_zone", "offers:64m");
    }
    if (!main.journal) {
        return missing(cf, "coupon_journal", "/var/lib/coupon/journal");
    }
    if (!main.redis) {
        return missing(cf, "coupon_redis", "127.0.0.1:6379");
    }
    if (!main.postgres) {
        return missing(cf, "coupon_postgres", "env:DATABASE_URL");
    }
    if (main.click_keys.empty()) {
        return missing(cf, "coupon_click_key", "file:/etc/coupon/click_key");
    }
    return NGX_CONF_OK;
}

void* create_location_conf(ngx_conf_t* cf) { return pool_object<LocationConf>(cf->pool); }

// Locations inside inherit; so does the nameless one that an `if` makes, which would otherwise answer
// without limit, signature and fallback. The handler is not inherited, so neither is `redirect`.
char* merge_location_conf(ngx_conf_t* cf, void* parent, void* child) {
    const auto& outer = *static_cast<LocationConf*>(parent);
    auto& location = *static_cast<LocationConf*>(child);
    if (location.redirect == NGX_CONF_UNSET) {
        location.redirect = 0;
    }
    if (!location.rate_limit_set) {
        location.rate_limit = outer.rate_limit;
        location.rate_limit_set = outer.rate_limit_set;
    }
    if (location.fallback.data == nullptr) {
        location.fallback = outer.fallback;
    }
    if (location.link_secrets.empty()) {
        location.link_secrets = outer.link_secrets;
    }
    if (location.rate_limit && main_conf(cf).rate_zone == nullptr) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"coupon_rate_limit\" needs \"coupon_rate_zone\" in http{}, for example: "
                           "coupon_rate_zone visitors:16m;");
        return kFailed;
    }
    return NGX_CONF_OK;
}

}  // namespace coupon
