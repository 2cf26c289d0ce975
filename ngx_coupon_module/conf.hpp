// What the directives leave behind: one MainConf for http{}, one LocationConf a location.
#pragma once

#include "nginx.hpp"
#include "webhook_conf.hpp"

#include "core/gcra.hpp"
#include "core/siphash.hpp"
#include "io/pg_options.hpp"
#include "io/redis_options.hpp"
#include "journal/segment_map.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

extern "C" ngx_module_t ngx_http_coupon_module;

namespace coupon {

enum class SyncMode : uint8_t { off, interval, always };

struct JournalConf {
    std::string directory;
    uint64_t size_bytes = 10ULL << 30;
    uint64_t segment_bytes = 8ULL << 20;
    uint64_t webhooks_bytes = 1ULL << 30;
    uint64_t keep_ms = 600'000;

    uint64_t segments(uint64_t bytes) const noexcept { return bytes / segment_bytes; }
};

// Every segment has a slot in segments.map, and so has every worker.
inline constexpr uint64_t kSlotsForWorkers = 1024;
inline constexpr uint64_t kJournalSegments_max = kSegmentSlots_max - kSlotsForWorkers;

struct MainConf {
    ngx_shm_zone_t* catalog_zone = nullptr;
    ngx_shm_zone_t* rate_zone = nullptr;
    ngx_shm_zone_t* stats_zone = nullptr;
    std::optional<RedisOptions> redis;
    std::optional<PostgresOptions> postgres;
    std::optional<JournalConf> journal;
    SyncMode sync = SyncMode::off;
    ngx_msec_t sync_interval_ms = 0;
    uint64_t queue_max_clicks = 1'000'000;
    uint64_t queue_max_webhook_bytes = 256ULL << 20;
    std::string edge_id;
    std::vector<SipKey> click_keys;      // the first signs, all verify
    ngx_int_t country_variable = NGX_ERROR;
    ngx_int_t request_id_variable = NGX_ERROR;  // set only where the configuration uses it or a trace id
    bool redirects = false;              // some location has coupon_redirect on
    bool webhooks = false;               // some location has coupon_webhook
    uint64_t webhook_body_max_bytes = 0; // the largest of all locations

    bool active() const noexcept { return redirects || webhooks; }
};

struct LocationConf {
    ngx_flag_t redirect = NGX_CONF_UNSET;
    std::optional<RateLimit> rate_limit;
    bool rate_limit_set = false;         // also by "off", which then is not inherited over
    ngx_str_t fallback = ngx_null_string;
    std::vector<std::string> link_secrets;
    std::shared_ptr<WebhookConf> webhook;  // shared with the nameless location that an `if` makes
};

// Creation, merging and the checks that need the whole configuration.
void* create_main_conf(ngx_conf_t* cf);
char* init_main_conf(ngx_conf_t* cf, void* conf);
void* create_location_conf(ngx_conf_t* cf);
char* merge_location_conf(ngx_conf_t* cf, void* parent, void* child);

// The directive table of the module, ended by ngx_null_command.
extern ngx_command_t directives[];

inline MainConf& main_conf(ngx_http_request_t* r) {
    return *static_cast<MainConf*>(ngx_http_get_module_main_conf(r, ngx_http_coupon_module));
}
inline const LocationConf& location_conf(ngx_http_request_t* r) {
    return *static_cast<LocationConf*>(ngx_http_get_module_loc_conf(r, ngx_http_coupon_module));
}
inline MainConf& main_conf(ngx_conf_t* cf) {
    return *static_cast<MainConf*>(ngx_http_conf_get_module_main_conf(cf, ngx_http_coupon_module));
}

}  // namespace coupon
