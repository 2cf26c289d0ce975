// couponctl webhooks list|show.
#pragma once

#include <ostream>
#include <string>

#include "operations/webhook_filter.hpp"

namespace coupon {

// A line each, newest first.
void list_webhooks(const WebhookFilter& filter, std::ostream& out);

// Everything the row says, and the body as text where it is text. Throws CommandError when there is
// no such webhook.
void show_webhook(const std::string& id, std::ostream& out);

}  // namespace coupon
