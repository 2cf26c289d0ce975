// couponctl notifications list and show: e-mails and text messages, and what became of them.
#pragma once

#include <ostream>
#include <string>

namespace coupon {

struct NotificationFilter {
    std::string queue;   // email, sms; empty: both
    std::string status;  // failed, unknown, held, pending; empty: any
    int limit = 50;
};

// A line each, newest first; recipients are masked.
void list_notifications(const NotificationFilter& filter, std::ostream& out);

// The timeline of the message with this row id, provider's id or idempotency key; of each, where
// several have it. Throws CommandError where there is none.
void show_notification(const std::string& id, bool as_json, std::ostream& out);

}  // namespace coupon
