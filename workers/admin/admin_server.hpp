// The admin worker's server: connections on one thread, answers on a few others.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "admin/connections.hpp"
#include "admin/listening_socket.hpp"
#include "admin/live_feed.hpp"
#include "admin/site.hpp"
#include "runtime/heartbeat.hpp"

namespace coupon {

struct AdminBackends {
    std::string database_url;
    RedisAddress redis;
};

class AdminServer {
  public:
    static constexpr std::size_t threads = 8;
    static constexpr std::size_t waiting_max = 128;  // whole requests without a thread

    // All must outlive it.
    AdminServer(const SocketPlace& place, const AdminBackends& backends, Site& site,
                Heartbeat& heartbeat, const Log& log);
    ~AdminServer();
    AdminServer(const AdminServer&) = delete;
    AdminServer& operator=(const AdminServer&) = delete;

    // Answers what has arrived, ends the live events, and leaves.
    void stop();
    void write_metrics(MetricsText& out);

  private:
    struct Waiting {
        ConnectionId id;
        std::string request;
    };

    void take(ConnectionId id, std::string request);
    void work();
    void answer(const Waiting& waiting, AdminResources& resources);

    const AdminBackends& backends_;
    Site& site_;
    Heartbeat& heartbeat_;
    const Log& log_;
    ListeningSocket socket_;
    Connections connections_;
    PgConnection feed_pg_;
    RedisConnection feed_redis_;
    LiveFeed feed_;

    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<Waiting> waiting_;
    bool stopping_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace coupon
