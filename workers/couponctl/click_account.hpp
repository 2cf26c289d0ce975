// What is known of one journal segment, and what follows from it. Pure arithmetic.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "core/multirange.hpp"

namespace coupon {

struct ClickAccount {
    std::string edge;
    bool in_table = false;          // journal_segments has a row
    std::uint64_t served = 0;       // the larger of segments.map and the table
    std::uint64_t unjournaled = 0;  // likewise
    std::uint64_t written = 0;      // number of records, once the table says the segment is sealed
    std::uint64_t stored = 0;       // distinct places in offer_clicks
    std::uint64_t rejected = 0;     // distinct places in click_rejects only
    std::uint64_t rows = 0;         // rows of offer_clicks
    SeqRanges settled;              // by the table
    SeqRanges journaled;            // readable in the journal

    // Readable in the journal and not settled yet.
    [[nodiscard]] std::uint64_t pending() const {
        std::uint64_t count = 0;
        for (const auto& range : journaled.ranges()) {
            for (const auto& gap : settled.gaps(range.begin, range.end)) {
                count += gap.end - gap.begin;
            }
        }
        return count;
    }

    // Served clicks that are nowhere; or settled records without a row, where more of those are
    // missing: a record that was journaled but never served must not make up for a row that was
    // deleted.
    [[nodiscard]] std::uint64_t missing() const {
        const auto kept = stored + rejected;
        const auto found = kept + pending();
        const auto settled_count = settled.count();
        return std::max(served > found ? served - found : 0,
                        settled_count > kept ? settled_count - kept : 0);
    }

    // Records the edge wrote that are in no row and cannot be read any more: damaged, or their file
    // is gone. Counted beside missing, since one that was never served hides one that was.
    [[nodiscard]] std::uint64_t unreadable() const {
        const auto found = stored + rejected + pending();
        return written > found ? written - found : 0;
    }

    // Rows beyond one for each place.
    [[nodiscard]] std::uint64_t doubled() const { return rows - stored; }

    // Rows of a segment that nobody accounts for: its row in journal_segments is gone.
    [[nodiscard]] std::uint64_t unaccounted() const { return in_table ? 0 : stored + rejected; }
};

}  // namespace coupon
