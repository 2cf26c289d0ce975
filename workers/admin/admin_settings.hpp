// The admin worker's settings from the environment.
#pragma once

#include "admin/access.hpp"
#include "admin/listening_socket.hpp"

namespace coupon {

struct AdminSettings {
    SocketPlace socket;
    AccessSettings access;
    std::string dashboard;  // DASHBOARD_DIR, or the built-in folder
};

// Throws ConfigError.
AdminSettings configured_admin();

}  // namespace coupon
