#include "redirect_service.hpp"

#include "random_seed.hpp"
#include "zones.hpp"

namespace coupon {

RedirectService::RedirectService(MainConf& main, WorkerCounters& counters, ngx_log_t* log)
    : catalog(catalog_of(main.catalog_zone)),
      rates(main.rate_zone != nullptr ? &rates_of(main.rate_zone) : nullptr),
      click_ids(main.click_keys.front(), random_seed()),
      clicks(main, counters, log),
      delivery({.kind = "clicks", .entries_max = main.queue_max_clicks}, *main.redis, clicks, counters, log),
      misses(catalog, *main.postgres, log),
      rate_sharing(rates, delivery.redis()) {}

}  // namespace coupon
