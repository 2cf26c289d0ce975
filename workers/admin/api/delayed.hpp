// What waits for a time that has not come: api/v1/queue/delayed/{name}.
#pragma once

#include "admin/api/answers.hpp"

namespace coupon {

// Soonest first.
AdminAnswer list_delayed(const AdminRequest& request, AdminResources& resources);

}  // namespace coupon
