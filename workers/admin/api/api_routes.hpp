// The API of the admin worker: what can be asked and done below /admin/workers/. The server has
// judged who asks before any of it runs.
#pragma once

#include <string>
#include <vector>

#include "admin/routes.hpp"

namespace coupon {

// All but api/v1/session, api/v1/events and metrics, which the server answers itself.
std::vector<AdminRoute> admin_api_routes();

// What listeners of api/v1/events are told: the event's name and the JSON of the matching GET. It is
// sent when it differs from the last one in more than its member "at".
struct LiveSnapshot {
    std::string event;
    std::string data;
};

// One look at everything, for all listeners. What PostgreSQL or Redis cannot tell now is left out.
std::vector<LiveSnapshot> live_snapshots(AdminResources& resources);

}  // namespace coupon
