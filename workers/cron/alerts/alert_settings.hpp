// Settings of the alerts that cron looks after.
#pragma once

#include <string>
#include <vector>

namespace coupon {

// Who is told of alerts, and from when on something is one.
struct AlertSettings {
    std::vector<std::string> mail_to;  // ALERT_EMAIL, by comma
    std::string webhook_url;           // ALERT_WEBHOOK_URL
    std::string webhook_token;         // ALERT_WEBHOOK_TOKEN: sent as a bearer token
    std::vector<std::string> edges;    // ALERT_EDGES: /stats of each edge, by comma
    int repeat_hours;                  // ALERT_REPEAT_HOURS, 6
    int dead_an_hour;                  // ALERT_DEAD, 10
};

// Throws ConfigError.
AlertSettings configured_alerts();

}  // namespace coupon
