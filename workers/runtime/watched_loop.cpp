#include "runtime/watched_loop.hpp"

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

namespace coupon {
namespace {

struct Loops {
    std::mutex mutex;
    std::vector<const WatchedLoop*> watched;
};

// Never destroyed: threads that outlast a grace time may still hold a loop when the process ends.
Loops& loops() {
    static auto* const all = new Loops;
    return *all;
}

thread_local WatchedLoop* own_loop = nullptr;

}  // namespace

WatchedLoop::WatchedLoop(std::string name) : name_(std::move(name)) {
    const std::lock_guard lock(loops().mutex);
    loops().watched.push_back(this);
}

WatchedLoop::~WatchedLoop() {
    const std::lock_guard lock(loops().mutex);
    std::erase(loops().watched, this);
}

WatchedLoop::Turns::Turns(WatchedLoop& loop) noexcept {
    own_loop = &loop;
    loop.came_round();
}

WatchedLoop::Turns::~Turns() {
    own_loop = nullptr;
}

void note_round() noexcept {
    if (own_loop != nullptr) {
        own_loop->came_round();
    }
}

LoopsSeen look_at_loops(WatchedLoop::Clock::duration limit) {
    const auto now = WatchedLoop::Clock::now();
    const std::lock_guard lock(loops().mutex);
    const auto& watched = loops().watched;
    const auto stuck = std::find_if(watched.begin(), watched.end(),
                                    [&](const auto* loop) { return now - loop->last() > limit; });
    return {watched.size(), stuck == watched.end() ? "" : (*stuck)->name()};
}

}  // namespace coupon
