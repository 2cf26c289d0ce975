#include "cron/jobs/upkeep_jobs.hpp"

#include "cron/jobs/cashback_reminders.hpp"
#include "cron/jobs/catalog_log_trim.hpp"
#include "cron/jobs/clean_logs.hpp"
#include "cron/jobs/inventory_sync.hpp"
#include "cron/jobs/sitemap.hpp"

namespace coupon {

std::vector<CronJob> configured_upkeep_jobs() {
    const auto retention = configured_retention();
    return {catalog_log_trim(),
            inventory_sync(configured_inventory()),
            sitemap(configured_sitemap()),
            cashback_reminders(),
            clean_logs(retention),
            dead_rows(retention)};
}

}  // namespace coupon
