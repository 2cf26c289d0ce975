// The shared memory of an edge: catalogue, rate limits, counters.
#pragma once

#include "nginx.hpp"

#include "catalog/catalog_zone.hpp"
#include "catalog/rate_zone.hpp"
#include "stats.hpp"

namespace coupon {

inline constexpr size_t kMinimumZone_bytes = 1 << 20;

// At configuration time. Null: NGINX has logged why.
ngx_shm_zone_t* declare_catalog_zone(ngx_conf_t* cf, ngx_str_t* name, size_t bytes);
ngx_shm_zone_t* declare_rate_zone(ngx_conf_t* cf, ngx_str_t* name, size_t bytes);
ngx_shm_zone_t* declare_stats_zone(ngx_conf_t* cf);

// The objects over an initialised zone; owned by the cycle's pool.
CatalogZone& catalog_of(ngx_shm_zone_t* zone) noexcept;
RateZone& rates_of(ngx_shm_zone_t* zone) noexcept;
EdgeStats& stats_of(ngx_shm_zone_t* zone) noexcept;

}  // namespace coupon
