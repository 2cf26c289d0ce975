// A job that was begun before and never ended may be what killed the process. Such a suspect runs
// while no other job does, so that, should it kill the process again, no start counts against others.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "runtime/stop_signal.hpp"

namespace coupon {

// Shared by all runners of a process.
class SuspectGate {
  public:
    // A suspect waits until nobody is inside and keeps others out from then on; others wait while a
    // suspect is inside or waits, so that it comes to its turn.
    bool try_enter(bool suspect) {
        const std::lock_guard lock(mutex_);
        return take_place(suspect);
    }

    // False: a stop was requested, and the caller is not inside.
    bool enter(bool suspect, const StopSignal& stop) {
        constexpr std::chrono::milliseconds look{100};
        std::unique_lock lock(mutex_);
        const int own = suspect ? 1 : 0;
        waiting_suspects_ += own;
        bool entered = false;
        while (!stop.requested() && !(entered = take_place(suspect))) {
            changed_.wait_for(lock, look);
        }
        waiting_suspects_ -= own;
        lock.unlock();
        changed_.notify_all();
        return entered;
    }

    void leave(bool suspect) {
        {
            const std::lock_guard lock(mutex_);
            --inside_;
            suspect_inside_ = suspect_inside_ && !suspect;
        }
        changed_.notify_all();
    }

  private:
    bool take_place(bool suspect) {
        if (suspect_inside_ || (suspect ? inside_ != 0 : waiting_suspects_ != 0)) {
            return false;
        }
        ++inside_;
        suspect_inside_ = suspect;
        return true;
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    int inside_ = 0;
    int waiting_suspects_ = 0;
    bool suspect_inside_ = false;
};

}  // namespace coupon
