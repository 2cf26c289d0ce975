#include "admin/api/api_routes.hpp"

namespace coupon {

std::vector<AdminRoute> admin_api_routes() {
    return {};
}

std::vector<LiveSnapshot> live_snapshots(AdminResources&) {
    return {};
}

}  // namespace coupon
