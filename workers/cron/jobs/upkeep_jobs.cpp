#include "cron/jobs/upkeep_jobs.hpp"

namespace coupon {

std::vector<CronJob> configured_upkeep_jobs() {
    return {};
}

}  // namespace coupon
