// Months of clicks that are kept no longer leave offer_clicks.
#pragma once

#include <nlohmann/json.hpp>

#include "cron/cron_job.hpp"

namespace coupon {

// Detaches partitions that ended `months` ago, though never before attribution and reversals (90
// days more) are over, and never before their visitors are forgotten; they stay as tables of their
// own, to be dumped and dropped by hand. The journal's segments of such a month are closed as
// audited in the same transaction. A month is left where one of them does not add up, or is not
// done with. Returns what was done by name.
nlohmann::ordered_json detach_click_partitions(CronRun& run, int months, int attribution_days);

}  // namespace coupon
