// What waits where: api/v1/queue/stats.
#pragma once

#include "admin/api/answers.hpp"

namespace coupon {

// Redis or PostgreSQL away: its numbers are null. Both away: throws RedisUnavailable.
Json queue_stats(AdminResources& resources);

AdminAnswer answer_queue_stats(const AdminRequest& request, AdminResources& resources);

}  // namespace coupon
