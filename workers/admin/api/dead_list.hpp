// Reading dead letters: api/v1/queue/dlq/{name} and …/{name}/{id}.
#pragma once

#include "admin/api/answers.hpp"

namespace coupon {

AdminAnswer list_dead_letters(const AdminRequest& request, AdminResources& resources);
AdminAnswer show_dead_letter(const AdminRequest& request, AdminResources& resources);

}  // namespace coupon
