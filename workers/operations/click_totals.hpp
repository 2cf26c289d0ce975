// Clicks by what journal_segments says of them, without counting any: fast enough to be asked all
// the time. `couponctl clicks audit` proves what this takes on trust: that what is settled is
// stored.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/pg_connection.hpp"

namespace coupon {

struct OpenSegment {
    std::string id;
    std::int64_t settled = 0;
    std::int64_t pending = 0;  // may be 0: nothing has come yet
};

// Without the segments that were closed as audited before their partition was detached.
struct ClickTotals {
    std::int64_t served = 0;
    std::int64_t settled = 0;
    std::int64_t pending = 0;  // in a journal, as far as anybody knows, and not settled
    std::int64_t missing = 0;  // served, and in no record of their segment, which is complete
    std::int64_t unjournaled = 0;
    std::int64_t rejected = 0;
    std::vector<OpenSegment> open;  // not sealed, or not settled as a whole
};

// One snapshot. Throws PgError.
ClickTotals read_click_totals(PgConnection& pg);

}  // namespace coupon
