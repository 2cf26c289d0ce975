#include "group_commit.hpp"

#include "io/offload.hpp"

#include <algorithm>
#include <memory>

namespace coupon {
namespace {

constexpr ngx_msec_t kDeadline_ms = 10'000;
constexpr ngx_msec_t kRetry_ms = 20;

}  // namespace

GroupCommit::GroupCommit(JournalWriter& writer, SyncCounters& counters, ngx_log_t* log)
    : writer_(writer), counters_(counters), log_(log), deadline_(log, Timer::AtExit::holds_worker, [this] { answer(UINT64_MAX, false); }),
      retry_(log, Timer::AtExit::cancelable, [this] { begin(); }) {}

void GroupCommit::wait(const RecordRef& record, std::function<void(bool)> done) {
    waiters_.push_back({record.commit_number, std::move(done)});
    if (!deadline_.running()) {
        deadline_.start(kDeadline_ms);
    }
    begin();
}

void GroupCommit::sync() {
    if (writer_.synced() < writer_.committed()) {
        begin();
    }
}

void GroupCommit::begin() {
    if (in_flight_) {
        return;
    }
    struct Sync {
        SyncTicket ticket;
        bool good = false;
        std::string error;
    };
    auto sync = std::make_shared<Sync>();
    sync->ticket = writer_.begin_sync();
    in_flight_ = offload([sync] { sync->good = sync->ticket.run(sync->error); },
                         [this, sync] { finish(sync->ticket, sync->good, sync->error); });
    if (!in_flight_) {
        retry_.start(kRetry_ms);  // not answered here: wait()'s caller is not suspended yet
    }
}

void GroupCommit::finish(const SyncTicket& ticket, bool good, const std::string& error) {
    in_flight_ = false;
    if (good) {
        counters_.add(ticket.covers() - std::min(ticket.covers(), writer_.synced()));
    }
    writer_.finish_sync(ticket, good);
    if (!good) {
        ngx_log_error(NGX_LOG_CRIT, log_, 0, "coupon: journal not synced: %s", error.c_str());
    }
    // After a failure the kernel calls the pages clean, later records on them too: the next sync would
    // report success for what never was written.
    answer(good ? ticket.covers() : UINT64_MAX, good);
    if (!waiters_.empty()) {
        begin();
    }
}

void GroupCommit::answer(uint64_t up_to, bool good) {
    // Those that come while others are answered wait for the next sync.
    std::deque<Waiter> answered;
    while (!waiters_.empty() && waiters_.front().commit_number <= up_to) {
        answered.push_back(std::move(waiters_.front()));
        waiters_.pop_front();
    }
    if (waiters_.empty()) {
        deadline_.stop();
    } else if (!answered.empty()) {
        deadline_.start(kDeadline_ms);
    }
    for (Waiter& waiter : answered) {
        waiter.done(good);
    }
}

}  // namespace coupon
