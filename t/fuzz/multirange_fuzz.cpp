// Any bytes as an int8multirange: what is accepted is a set that survives writing and reading.
#include <cstdlib>

#include "core/multirange.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    auto ranges = coupon::SeqRanges::parse({reinterpret_cast<const char*>(data), size});
    if (!ranges) {
        return 0;
    }
    for (size_t at = 1; at < ranges->ranges().size(); ++at) {
        if (ranges->ranges()[at - 1].end >= ranges->ranges()[at].begin) {
            abort();
        }
    }
    if (coupon::SeqRanges::parse(ranges->to_text()) != ranges) {
        abort();
    }
    for (const coupon::SeqRange& gap : ranges->gaps(0, INT64_MAX)) {
        ranges->add(gap.begin, gap.end);
    }
    if (!ranges->covers(0, INT64_MAX)) {
        abort();
    }
    return 0;
}
