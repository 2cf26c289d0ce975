// The roles of coupon-worker, where a name comes from Redis, into which others may write anything.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace coupon {

inline constexpr std::array<std::string_view, 7> worker_roles = {
    "clicks", "webhooks", "email", "sms", "cashback", "cron", "admin"};

inline bool is_worker_role(std::string_view name) {
    return std::find(worker_roles.begin(), worker_roles.end(), name) != worker_roles.end();
}

}  // namespace coupon
