// Rows of audit_logs about who came and went.
#pragma once

#include <string>

#include "admin/routes.hpp"

namespace coupon {

// `who`: the user's name, or empty for a name that is not known, which is not written down: it may
// be a password typed into the wrong field. PostgreSQL away is only logged, since the dashboard is
// needed most just then.
void audit_access(AdminResources& resources, const std::string& who, const std::string& action,
                  const std::string& address);

}  // namespace coupon
