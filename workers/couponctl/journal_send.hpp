// couponctl journal send: delivers what a journal folder still holds, as its edge would have done.
#pragma once

#include <cstddef>
#include <ostream>
#include <string>

namespace coupon {

struct JournalSendOptions {
    std::string directory;
    std::size_t queue_max = 1'000'000;  // entries in Redis above which sending waits
    bool settled = false;               // also what the edge has put aside as settled
    int wait_s = 60;                    // for the workers to settle what was sent; 0: do not wait
};

// Sends the unsettled records of all segments without a living owner, hands their counts to
// PostgreSQL for the audit, and waits until the workers have settled them. May be repeated: what
// arrives twice is dropped there. Throws CommandError, RedisUnavailable or PgError.
void send_journal(const JournalSendOptions& options, std::ostream& out);

}  // namespace coupon
