#include "conf.hpp"

#include "directive_words.hpp"
#include "pool_object.hpp"
#include "webhook_directives.hpp"

#include <string_view>

namespace coupon {
namespace {

char* missing(ngx_conf_t* cf, const MainConf& main, const char* directive, const char* example) {
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%s\" needs \"%s\" in http{}, for example: %s %s;",
                       main.redirects ? "coupon_redirect on" : "coupon_webhook", directive, directive, example);
    return kFailed;
}

}  // namespace

void* create_main_conf(ngx_conf_t* cf) { return pool_object<MainConf>(cf->pool); }

char* init_main_conf(ngx_conf_t* cf, void* conf) {
    auto& main = *static_cast<MainConf*>(conf);
    if (main.edge_id.empty()) {
        main.edge_id = view(cf->cycle->hostname).substr(0, 63);
    }
    if (!main.active()) {
        return NGX_CONF_OK;
    }
    if (main.redirects && main.catalog_zone == nullptr) {
        return missing(cf, main, "coupon_catalog_zone", "offers:64m");
    }
    if (!main.journal) {
        return missing(cf, main, "coupon_journal", "/var/lib/coupon/journal");
    }
    const JournalConf& journal = *main.journal;
    if (main.webhooks && journal.segments(journal.size_bytes) + journal.segments(journal.webhooks_bytes) > kJournalSegments_max) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"coupon_journal\" has more than 15360 segments in its size= and webhooks=; raise segment=");
        return kFailed;
    }
    if (!main.redis) {
        return missing(cf, main, "coupon_redis", "127.0.0.1:6379");
    }
    if (!main.postgres) {
        return missing(cf, main, "coupon_postgres", "env:DATABASE_URL");
    }
    if (main.redirects && main.click_keys.empty()) {
        return missing(cf, main, "coupon_click_key", "file:/etc/coupon/click_key");
    }
    return NGX_CONF_OK;
}

void* create_location_conf(ngx_conf_t* cf) { return pool_object<LocationConf>(cf->pool); }

// Locations inside inherit; so does the nameless one that an `if` makes, which would otherwise answer
// without limit, signature, fallback and secrets. The handler is not inherited, so neither is `redirect`.
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
    if (!location.webhook) {
        location.webhook = outer.webhook;
    } else if (!check_webhook(cf, location)) {
        return kFailed;
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
