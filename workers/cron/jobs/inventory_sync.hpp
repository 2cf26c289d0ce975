// Brings stock and prices of product_variants up to date from INVENTORY_URL.
#pragma once

#include <string>

#include "cron/cron_job.hpp"

namespace coupon {

struct InventorySettings {
    std::string url;    // INVENTORY_URL; empty: no sync
    std::string token;  // INVENTORY_TOKEN: sent as a bearer token where it is set
};

// Throws ConfigError.
InventorySettings configured_inventory();

// A run changes all or nothing. It fails, and changes nothing, where the source does not answer,
// makes no sense, or lacks more than half of the SKUs that were synced before.
CronJob inventory_sync(const InventorySettings& settings);

}  // namespace coupon
