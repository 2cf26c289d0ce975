// Puts journal records on disk for all that wait, with one fdatasync at a time in the thread pool:
// the next one covers everything that arrived meanwhile.
#pragma once

#include "nginx.hpp"
#include "stats.hpp"

#include "io/timer.hpp"
#include "journal/writer.hpp"

#include <deque>
#include <functional>

namespace coupon {

class GroupCommit {
public:
    // Both must outlive this.
    GroupCommit(JournalWriter& writer, SyncCounters& counters, ngx_log_t* log);

    // Calls `done` once, from the loop: true when the record is on disk, false when the disk failed
    // or did not answer in 10 s. `done` must not throw.
    void wait(const RecordRef& record, std::function<void(bool)> done);

    // Syncs what was committed so far, for nobody in particular.
    void sync();

private:
    struct Waiter {
        uint64_t commit_number;
        std::function<void(bool)> done;
    };

    void begin();
    void finish(const SyncTicket& ticket, bool good, const std::string& error);
    void answer(uint64_t up_to, bool good);

    JournalWriter& writer_;
    SyncCounters& counters_;
    ngx_log_t* log_;
    std::deque<Waiter> waiters_;
    bool in_flight_ = false;
    Timer deadline_;  // keeps a quitting worker alive for those that wait
    Timer retry_;     // the thread pool refused
};

}  // namespace coupon
