// Live events for everybody who listens to api/v1/events: one look at the state for all of them.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "admin/api/api_routes.hpp"
#include "admin/connections.hpp"

namespace coupon {

class LiveFeed {
  public:
    static constexpr std::size_t listeners_max = 64;
    using Look = std::function<std::vector<LiveSnapshot>()>;

    // `look` runs on the feed's thread, only while somebody listens.
    LiveFeed(Connections& connections, Look look, const Log& log);
    ~LiveFeed();
    LiveFeed(const LiveFeed&) = delete;
    LiveFeed& operator=(const LiveFeed&) = delete;

    // Turns the connection into a listener, `head` first, for as long as `stands` says so. False:
    // there are too many, and the connection is the caller's still.
    bool add(ConnectionId id, std::string head, std::function<bool()> stands);
    [[nodiscard]] std::size_t listeners() const noexcept { return count_.load(); }
    // Ends them all.
    void stop();

  private:
    struct Listener {
        std::function<bool()> stands;
        bool is_new = true;
    };

    void run();
    void drop_gone();
    void tell(bool ping);
    void look_now();

    Connections& connections_;
    const Look look_;
    const Log& log_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::map<ConnectionId, Listener> listeners_;
    std::atomic<std::size_t> count_{0};
    bool newcomer_ = false, stopping_ = false, failing_ = false;
    // By event; the thread's own.
    struct Known {
        std::string compared, data;
        bool changed = false;
    };
    std::map<std::string, Known> known_;
    std::thread thread_;
};

// One event of the stream. Pure.
std::string event_text(const std::string& event, std::string_view data);
// What decides whether a snapshot changed: all but its member "at". Pure.
std::string without_time(const std::string& json);

}  // namespace coupon
