// Which journal records a transaction deals with, by segment: what the edges may forget afterwards.
#pragma once

#include <map>
#include <string>

#include "clicks/click_batch.hpp"
#include "core/multirange.hpp"
#include "runtime/pg_connection.hpp"

namespace coupon {

class Settlement {
  public:
    // Entries without a place settle nothing.
    void add(const std::optional<JournalPlace>& place, const std::string& edge);

    // Adds the numbers to journal_segments, in the order of the segments' ids.
    void write(PgConnection& pg) const;

  private:
    struct Segment {
        std::string edge;
        SeqRanges seqs;
    };
    std::map<Uuid, Segment> segments_;
};

}  // namespace coupon
