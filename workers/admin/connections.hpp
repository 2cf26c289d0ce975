// All connections of the admin worker on one thread, so that slow ones cost memory and not threads:
// collects whole requests, gives them on, and sends what came back. Knows nothing of HTTP but where
// a request ends.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "admin/routes.hpp"
#include "admin/web_request.hpp"

namespace coupon {

using ConnectionId = std::uint64_t;

struct ConnectionLimits {
    std::size_t connections_max = 400;  // beyond them the longest waiting unfinished request goes
    std::chrono::milliseconds request{10'000};  // from accept to the last byte of the request
    std::chrono::milliseconds response{30'000};
    std::chrono::milliseconds linger{3'000};  // for a client that still sends what was refused
    std::size_t unsent_max_bytes = 4 * 1024 * 1024;  // of a stream whose client does not read
};

class Connections {
  public:
    // On the connections' thread. `request` is whole; answer() follows, once.
    using OnRequest = std::function<void(ConnectionId id, std::string request)>;
    // The message that refuses a request, as it goes over the wire.
    using Refuse = std::function<std::string(const AdminError& error)>;

    // `listener` is not owned and does not block.
    Connections(int listener, ConnectionLimits limits, OnRequest on_request, Refuse refuse);
    ~Connections();
    Connections(const Connections&) = delete;
    Connections& operator=(const Connections&) = delete;

    void start();
    // No new connections; those without a whole request are closed.
    void stop_accepting();
    // Sends what is left, within a second or so, and ends the thread.
    void stop();

    // From any thread; of a connection that is gone, nothing happens.
    void answer(ConnectionId id, std::string message);    // and closes
    void open_stream(ConnectionId id, std::string head);  // stays open
    void send(ConnectionId id, std::string part);         // to a stream
    void close(ConnectionId id);                          // once all is sent
    [[nodiscard]] bool is_streaming(ConnectionId id);

    struct Counts {
        std::size_t open = 0;
        std::uint64_t evicted = 0, timed_out = 0;
    };
    [[nodiscard]] Counts counts();

  private:
    using Clock = std::chrono::steady_clock;
    enum class State { reading, working, sending, streaming, lingering };
    struct Connection {
        int fd = -1;
        State state = State::reading;
        Clock::time_point deadline;
        std::string in, out;
        std::optional<std::size_t> size;  // of the request, once its head is there
    };
    using Map = std::map<ConnectionId, Connection>;
    struct Command {
        enum class Kind { answer, open_stream, send, close } kind;
        ConnectionId id;
        std::string text;
    };

    void run();
    void command(Command command);
    void wake() const noexcept;
    bool apply_commands();
    void apply(const Command& command);
    void accept_all();
    bool make_room();
    bool serve(ConnectionId id, Connection& connection, short events);
    bool read(ConnectionId id, Connection& connection);
    bool flush(Connection& connection);
    void refuse(Connection& connection, const AdminError& error);
    bool expire(Connection& connection);
    void drop(Map::iterator place);
    [[nodiscard]] int wait_ms() const;

    const int listener_;
    const ConnectionLimits limits_;
    const OnRequest on_request_;
    const Refuse refuse_;
    int wake_ = -1;
    Map connections_;  // the thread's own
    ConnectionId next_id_ = 1;
    bool accepting_ = true;

    std::mutex mutex_;
    std::vector<Command> commands_;
    std::set<ConnectionId> streams_;
    Counts counts_;
    bool stop_accepting_ = false, stopping_ = false;
    std::thread thread_;
};

}  // namespace coupon
