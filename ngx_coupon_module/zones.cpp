#include "zones.hpp"

#include "pool_object.hpp"

#include "conf.hpp"

#include <exception>
#include <optional>

namespace coupon {
namespace {

template <class Zone>
using Holder = std::optional<Zone>;

struct Region {
    void* memory;
    size_t bytes;
};

// NGINX keeps a slab pool at the start of every zone (its master unlocks the pool's mutex when a
// worker dies). Everything behind the pool's own tables is ours, and nobody allocates from it.
Region usable_region(ngx_shm_zone_t* zone) noexcept {
    constexpr uintptr_t kAlignment = 4096;
    auto* pool = reinterpret_cast<ngx_slab_pool_t*>(zone->shm.addr);
    const auto start = (reinterpret_cast<uintptr_t>(pool->start) + kAlignment - 1) / kAlignment * kAlignment;
    return {reinterpret_cast<void*>(start), reinterpret_cast<uintptr_t>(pool->end) - start};
}

// Called by the master for a new zone and, at a reload, for a kept one; what is in the memory
// tells which, because a binary of another layout may have left it there.
template <class Zone>
ngx_int_t init_zone(ngx_shm_zone_t* zone, void*) noexcept {
    auto& holder = *static_cast<Holder<Zone>*>(zone->data);
    try {
        const Region region = usable_region(zone);
        holder.emplace(region.memory, region.bytes);
        return NGX_OK;
    } catch (const std::exception& error) {
        ngx_log_error(NGX_LOG_EMERG, zone->shm.log, 0, "coupon: zone \"%V\": %s", &zone->shm.name, error.what());
        return NGX_ERROR;
    }
}

ngx_int_t init_stats_zone(ngx_shm_zone_t* zone, void*) noexcept {
    const Region region = usable_region(zone);
    zone->data = EdgeStats::attach(region.memory, region.bytes);
    return zone->data != nullptr ? NGX_OK : NGX_ERROR;
}

ngx_shm_zone_t* declare(ngx_conf_t* cf, ngx_str_t* name, size_t bytes, ngx_shm_zone_init_pt init) {
    ngx_shm_zone_t* zone = ngx_shared_memory_add(cf, name, bytes, &ngx_http_coupon_module);
    if (zone != nullptr) {
        zone->init = init;
    }
    return zone;
}

template <class Zone>
ngx_shm_zone_t* declare_for(ngx_conf_t* cf, ngx_str_t* name, size_t bytes) {
    ngx_shm_zone_t* zone = declare(cf, name, bytes, init_zone<Zone>);
    if (zone != nullptr) {
        zone->data = pool_object<Holder<Zone>>(cf->pool);
    }
    return zone != nullptr && zone->data != nullptr ? zone : nullptr;
}

}  // namespace

ngx_shm_zone_t* declare_catalog_zone(ngx_conf_t* cf, ngx_str_t* name, size_t bytes) {
    return declare_for<CatalogZone>(cf, name, bytes);
}

ngx_shm_zone_t* declare_rate_zone(ngx_conf_t* cf, ngx_str_t* name, size_t bytes) {
    return declare_for<RateZone>(cf, name, bytes);
}

ngx_shm_zone_t* declare_stats_zone(ngx_conf_t* cf) {
    ngx_str_t name = ngx_string("coupon_stats");
    return declare(cf, &name, sizeof(EdgeStats) + (64 << 10), init_stats_zone);
}

CatalogZone& catalog_of(ngx_shm_zone_t* zone) noexcept { return **static_cast<Holder<CatalogZone>*>(zone->data); }
RateZone& rates_of(ngx_shm_zone_t* zone) noexcept { return **static_cast<Holder<RateZone>*>(zone->data); }
EdgeStats& stats_of(ngx_shm_zone_t* zone) noexcept { return *static_cast<EdgeStats*>(zone->data); }

}  // namespace coupon
