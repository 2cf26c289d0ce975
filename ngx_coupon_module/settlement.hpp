// Once a second, on the leader: tells PostgreSQL what every segment of this edge served, and the
// workers what PostgreSQL has settled. Both go through segments.map.
#pragma once

#include "journal/segment_map.hpp"

#include "io/pg_connection.hpp"

#include <memory>
#include <string>
#include <vector>

namespace coupon {

class Settlement {
public:
    Settlement(std::shared_ptr<SegmentMap> map, PgConnection& postgres, std::string edge, ngx_log_t* log);

    // One round; does nothing while the round before is unanswered or PostgreSQL is away.
    void exchange();

private:
    void write_counts(const std::vector<SlotView>& slots);
    void read_settled(const std::vector<SlotView>& slots);
    void publish(const std::vector<SlotView>& asked, const PgResult& result);
    void complain(const char* what, const PgResult& result);

    std::shared_ptr<SegmentMap> map_;
    PgConnection& postgres_;
    std::string edge_;
    ngx_log_t* log_;
    unsigned unanswered_ = 0;
};

}  // namespace coupon
