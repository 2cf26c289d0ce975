// couponctl notifications replay.
#pragma once

#include <istream>
#include <ostream>
#include <string>

namespace coupon {

struct NotificationReplayOptions {
    std::string id;        // one message; empty: dead letters
    bool dead = false;     // all dead letters
    std::string queue;     // email, sms; empty: both
    bool unknown = false;  // also what may have been sent already
    int limit = 1000;
    bool dry_run = false;
    bool yes = false;
    std::string reason;
    std::string actor;  // empty: who runs it
};

// Sets messages that were not sent, or whose provider gave them up, pending as if they were new.
// Those of which nobody knows whether they arrived only where that is asked for: their recipients
// may get them again. Says the count first and asks, unless told yes. Throws CommandError without a
// selection, a reason or a consent, and for one message that was sent or is under way.
void replay_notifications(const NotificationReplayOptions& options, std::istream& in,
                          std::ostream& out);

}  // namespace coupon
