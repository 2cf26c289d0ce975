// Changes a full zone many times and compares its free space with what the entries must take.
#pragma once

#include <cstdint>
#include <vector>

#include "catalog/catalog_zone.hpp"

namespace bench {

struct Changes {
    uint64_t done = 0;
    double seconds = 0;             // CPU of put and erase alone
    uint64_t checks = 0;            // of the free space on the way, one each tenth of the changes
    uint64_t wrong_free_space = 0;  // of these checks
    int64_t cells_missing = 0;      // once every offer is as it was before
    uint64_t reads = 0;             // look-ups of another process meanwhile
    uint64_t torn_reads = 0;
};

// `zone` holds the offers 0 … offers-1, each of revision 0. Throws std::runtime_error when a change
// is refused.
Changes change_many(coupon::CatalogZone& zone, uint64_t offers, uint64_t count);

}  // namespace bench
