// Who did what: api/v1/audit.
#pragma once

#include "admin/api/answers.hpp"

namespace coupon {

// Newest first.
AdminAnswer list_audit(const AdminRequest& request, AdminResources& resources);

}  // namespace coupon
