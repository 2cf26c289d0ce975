// Webhooks as they came and what they did: api/v1/webhooks, …/{id} and …/{id}/replay.
#pragma once

#include "admin/api/answers.hpp"

namespace coupon {

AdminAnswer list_webhooks_page(const AdminRequest& request, AdminResources& resources);
AdminAnswer show_one_webhook(const AdminRequest& request, AdminResources& resources);
AdminAnswer replay_one_webhook(const AdminRequest& request, AdminResources& resources);

}  // namespace coupon
