// A loop that must come round for its worker to count as alive. Rounds are counted where every loop
// of ours passes anyway: when it asks whether to stop, sleeps, or waits for an answer of
// PostgreSQL, which has a deadline of its own. So a loop that is patient with a server that is away
// is alive, and one that stands in a lock, a call or a computation for ever is not.
#pragma once

#include <atomic>
#include <chrono>
#include <string>

namespace coupon {

class WatchedLoop {
  public:
    using Clock = std::chrono::steady_clock;

    // Watched from here on until it is destroyed. `name` is for the log.
    explicit WatchedLoop(std::string name);
    ~WatchedLoop();
    WatchedLoop(const WatchedLoop&) = delete;
    WatchedLoop& operator=(const WatchedLoop&) = delete;

    void came_round() noexcept { last_.store(Clock::now(), std::memory_order_relaxed); }
    [[nodiscard]] Clock::time_point last() const noexcept {
        return last_.load(std::memory_order_relaxed);
    }
    [[nodiscard]] const std::string& name() const noexcept { return name_; }

    // While it stands, rounds of the calling thread are this loop's. Several threads may share one.
    class Turns {
      public:
        explicit Turns(WatchedLoop& loop) noexcept;
        ~Turns();
        Turns(const Turns&) = delete;
        Turns& operator=(const Turns&) = delete;
    };

  private:
    const std::string name_;
    std::atomic<Clock::time_point> last_{Clock::now()};
};

// A round of the loop whose turn the calling thread has; nothing where there is none.
void note_round() noexcept;

// How many loops are watched, and the name of one that did not come round for longer than `limit`;
// empty where there is none.
struct LoopsSeen {
    std::size_t watched = 0;
    std::string stuck;
};
LoopsSeen look_at_loops(WatchedLoop::Clock::duration limit);

}  // namespace coupon
