// Which journal records a transaction deals with, by segment: what the edges may forget afterwards.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "core/multirange.hpp"
#include "runtime/journal_place.hpp"
#include "runtime/pg_connection.hpp"

namespace coupon {

class Settlement {
  public:
    // `kind` of the segments: clicks or webhooks.
    explicit Settlement(std::string kind) : kind_(std::move(kind)) {}

    // Entries without a place settle nothing.
    void add(const std::optional<JournalPlace>& place, const std::string& edge);

    // Adds the numbers to journal_segments, in the order of the segments' ids.
    void write(PgConnection& pg) const;

  private:
    struct Segment {
        std::string edge;
        SeqRanges seqs;
    };
    std::string kind_;
    std::map<Uuid, Segment> segments_;
};

}  // namespace coupon
