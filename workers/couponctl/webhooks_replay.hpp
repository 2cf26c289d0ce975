// couponctl webhooks replay.
#pragma once

#include <istream>
#include <ostream>
#include <string>

#include "operations/webhook_filter.hpp"

namespace coupon {

struct ReplayOptions {
    WebhookFilter filter;
    double per_second = 50;
    bool dry_run = false;
    bool yes = false;
    std::string reason;
    std::string actor;  // empty: who runs it
};

// Sets the selected webhooks, those that came to an end and whose body is kept, pending again.
// Effects stay once: webhook_events knows what was done. Says the count first and asks, unless told
// yes. Throws CommandError without a selection, a reason or a consent; and, once the others are
// pending, where some of the selection are purged.
void replay_webhooks(const ReplayOptions& options, std::istream& in, std::ostream& out);

}  // namespace coupon
