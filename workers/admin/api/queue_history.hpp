// Jobs by role and minute: api/v1/queue/history.
#pragma once

#include "admin/api/answers.hpp"

namespace coupon {

// The last minute is the one that runs. null: nobody looked in that minute.
AdminAnswer answer_queue_history(const AdminRequest& request, AdminResources& resources);

}  // namespace coupon
