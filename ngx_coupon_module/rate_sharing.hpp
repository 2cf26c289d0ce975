// Several edges, one limit: once a second the leader adds what this edge let pass to counters in
// Redis and takes over what the others did. No request ever waits for it.
#pragma once

#include "catalog/rate_zone.hpp"
#include "io/redis_connection.hpp"

namespace coupon {

class RateSharing {
public:
    // `rates` may be null: no location has a limit. Both must outlive this.
    RateSharing(RateZone* rates, RedisConnection& redis) noexcept : rates_(rates), redis_(redis) {}

    void exchange();

private:
    void tell(const RatePending& pending, uint32_t minute);

    RateZone* rates_;
    RedisConnection& redis_;
};

}  // namespace coupon
