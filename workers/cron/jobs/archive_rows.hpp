// Moves rows of a table into an ArchiveFile, in batches.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cron/cron_job.hpp"

namespace coupon {

struct ArchiveSource {
    std::string table;  // a name of ours, never from outside
    std::string where;  // over alias t; $1 is the number of days
    std::string order;  // the column that an index serves
    // About how long a row's line is, over alias t, and without reading its large values.
    std::string bytes;
};

// Rows older than that leave the table; how many. Ends early where a stop is requested.
std::int64_t archive_rows(CronRun& run, const std::string& folder, const ArchiveSource& source,
                          int days);

}  // namespace coupon
