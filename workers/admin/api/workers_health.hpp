// Who works, and who is gone: api/v1/health/workers.
#pragma once

#include "admin/api/answers.hpp"

namespace coupon {

// Workers whose heartbeat lapsed or ended are listed for an hour more, as they were seen last.
// Redis away: everybody who was seen, `alive` null; PostgreSQL away: those who live. Both away:
// throws RedisUnavailable.
Json workers_health(AdminResources& resources);

AdminAnswer answer_workers_health(const AdminRequest& request, AdminResources& resources);

}  // namespace coupon
