// A statement that takes a bounded number of rows, repeated until nothing is left for it.
#pragma once

#include <cstdint>
#include <vector>

#include "cron/cron_job.hpp"

namespace coupon {

inline constexpr std::int64_t batch_rows_max = 5'000;

// Each time in a transaction of its own, behind the fence. The last parameter, which is added here,
// is how many rows it may take. Ends early where a stop is requested. The rows in all.
std::int64_t repeat_batches(CronRun& run, const char* sql,
                            std::vector<PgParameter> parameters = {});

}  // namespace coupon
