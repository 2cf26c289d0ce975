// The description of the API that programs read: openapi.json, as it stands beside this folder.
#pragma once

#include "admin/routes.hpp"

namespace coupon {

// Made of workers/admin/openapi.json when the program is built.
extern const char* const openapi_text;

AdminAnswer answer_openapi(const AdminRequest& request, AdminResources& resources);

}  // namespace coupon
