// Clicks served, settled and on their way: api/v1/clicks/accounting.
#pragma once

#include "admin/api/answers.hpp"

namespace coupon {

// Throws PgError. Redis away: the age of the oldest is what this process has seen itself.
Json click_accounting(AdminResources& resources);

AdminAnswer answer_click_accounting(const AdminRequest& request, AdminResources& resources);

}  // namespace coupon
