#include "admin/connections.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "runtime/error.hpp"
#include "runtime/watched_loop.hpp"

namespace coupon {
namespace {

constexpr std::chrono::milliseconds last_words{1000};

}  // namespace

Connections::Connections(int listener, ConnectionLimits limits, OnRequest on_request, Refuse refuse)
    : listener_(listener),
      limits_(limits),
      on_request_(std::move(on_request)),
      refuse_(std::move(refuse)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (wake_ < 0) {
        throw CommandError(std::string("cannot make an eventfd: ") + std::strerror(errno));
    }
}

Connections::~Connections() {
    stop();
    ::close(wake_);
}

void Connections::start() {
    thread_ = std::thread([this] { run(); });
}

void Connections::stop_accepting() {
    {
        const std::lock_guard lock(mutex_);
        stop_accepting_ = true;
    }
    wake();
}

void Connections::stop() {
    {
        const std::lock_guard lock(mutex_);
        stop_accepting_ = stopping_ = true;
    }
    wake();
    if (thread_.joinable()) {
        thread_.join();
    }
}

void Connections::answer(ConnectionId id, std::string message) {
    command({Command::Kind::answer, id, std::move(message)});
}

void Connections::open_stream(ConnectionId id, std::string head) {
    command({Command::Kind::open_stream, id, std::move(head)});
}

void Connections::send(ConnectionId id, std::string part) {
    command({Command::Kind::send, id, std::move(part)});
}

void Connections::close(ConnectionId id) {
    command({Command::Kind::close, id, ""});
}

bool Connections::is_streaming(ConnectionId id) {
    const std::lock_guard lock(mutex_);
    return streams_.contains(id);
}

Connections::Counts Connections::counts() {
    const std::lock_guard lock(mutex_);
    return counts_;
}

void Connections::command(Command command) {
    {
        const std::lock_guard lock(mutex_);
        if (command.kind == Command::Kind::open_stream) {
            streams_.insert(command.id);
        }
        commands_.push_back(std::move(command));
    }
    wake();
}

void Connections::wake() const noexcept {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wake_, &one, sizeof one);
}

void Connections::run() {
    auto end = Clock::time_point::max();
    WatchedLoop loop("connections");
    while (true) {
        loop.came_round();
        if (apply_commands() && end == Clock::time_point::max()) {
            end = Clock::now() + last_words;
        }
        const bool unsent = std::any_of(connections_.begin(), connections_.end(),
                                        [](auto& entry) { return !entry.second.out.empty(); });
        if (Clock::now() >= end || (end != Clock::time_point::max() && !unsent)) {
            break;
        }
        std::vector<pollfd> sockets{{wake_, POLLIN, 0}, {accepting_ ? listener_ : -1, POLLIN, 0}};
        std::vector<ConnectionId> ids;
        for (const auto& [id, connection] : connections_) {
            // One that is worked on is not looked at: that its client left would be told endlessly.
            const bool writes = !connection.out.empty();
            const bool reads = connection.state != State::sending;
            sockets.push_back({connection.state == State::working ? -1 : connection.fd,
                               static_cast<short>((writes ? POLLOUT : 0) | (reads ? POLLIN : 0)),
                               0});
            ids.push_back(id);
        }
        ::poll(sockets.data(), sockets.size(), wait_ms());
        std::uint64_t woken = 0;
        [[maybe_unused]] const auto taken = ::read(wake_, &woken, sizeof woken);
        for (std::size_t i = 0; i < ids.size(); ++i) {
            const auto place = connections_.find(ids[i]);
            if (!serve(place->first, place->second, sockets[i + 2].revents)) {
                drop(place);
            }
        }
        if (sockets[1].revents != 0) {
            accept_all();
        }
    }
    while (!connections_.empty()) {
        drop(connections_.begin());
    }
}

// True once the thread is to end.
bool Connections::apply_commands() {
    std::vector<Command> commands;
    bool stopping = false;
    bool stop_accepting = false;
    {
        const std::lock_guard lock(mutex_);
        commands.swap(commands_);
        stopping = stopping_;
        stop_accepting = stop_accepting_;
        counts_.open = connections_.size();
    }
    for (const auto& command : commands) {
        apply(command);
    }
    if (stop_accepting && accepting_) {
        accepting_ = false;
        for (auto place = connections_.begin(); place != connections_.end();) {
            const auto next = std::next(place);
            if (place->second.state == State::reading) {
                drop(place);
            }
            place = next;
        }
    }
    return stopping;
}

void Connections::apply(const Command& command) {
    const auto place = connections_.find(command.id);
    if (place == connections_.end()) {
        const std::lock_guard lock(mutex_);
        streams_.erase(command.id);
        return;
    }
    auto& connection = place->second;
    connection.out += command.text;
    switch (command.kind) {
        case Command::Kind::answer:
            connection.state = State::sending;
            connection.deadline = Clock::now() + limits_.response;
            break;
        case Command::Kind::open_stream:
            connection.state = State::streaming;
            connection.deadline = Clock::time_point::max();
            break;
        case Command::Kind::close:
            connection.state = State::sending;
            connection.deadline = Clock::now() + limits_.response;
            break;
        case Command::Kind::send:
            break;
    }
    const bool overflows =
        command.kind == Command::Kind::send && connection.out.size() > limits_.unsent_max_bytes;
    if (overflows || !flush(connection)) {
        drop(place);
    }
}

void Connections::accept_all() {
    while (true) {
        const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0 && (errno == EMFILE || errno == ENFILE) && make_room()) {
            continue;
        }
        if (fd < 0) {
            return;
        }
        if (connections_.size() >= limits_.connections_max && !make_room()) {
            ::close(fd);
            return;
        }
        Connection connection;
        connection.fd = fd;
        connection.deadline = Clock::now() + limits_.request;
        connections_.emplace(next_id_++, std::move(connection));
    }
}

// The one that has kept us waiting for its request for the longest time goes.
bool Connections::make_room() {
    // Ids count upwards: the first is the oldest.
    const auto oldest = std::find_if(connections_.begin(), connections_.end(), [](auto& entry) {
        return entry.second.state == State::reading || entry.second.state == State::lingering;
    });
    if (oldest == connections_.end()) {
        return false;
    }
    {
        const std::lock_guard lock(mutex_);
        ++counts_.evicted;
    }
    drop(oldest);
    return true;
}

// False: the connection is over.
bool Connections::serve(ConnectionId id, Connection& connection, short events) {
    if ((events & POLLOUT) != 0 && !flush(connection)) {
        return false;
    }
    if ((events & (POLLIN | POLLHUP | POLLERR)) != 0 && !read(id, connection)) {
        return false;
    }
    return Clock::now() < connection.deadline || expire(connection);
}

bool Connections::read(ConnectionId id, Connection& connection) {
    std::array<char, 16 * 1024> part{};
    const auto bytes = ::recv(connection.fd, part.data(), part.size(), 0);
    if (bytes < 0 && (errno == EAGAIN || errno == EINTR)) {
        return true;
    }
    if (bytes <= 0) {
        return false;
    }
    if (connection.state != State::reading) {
        return true;  // nobody asked for more
    }
    connection.in.append(part.data(), static_cast<std::size_t>(bytes));
    try {
        auto& size = connection.size;
        if (!size) {
            size = web_request_bytes(connection.in);
        }
        if (size && connection.in.size() >= *size) {
            connection.state = State::working;
            connection.deadline = Clock::time_point::max();
            connection.in.resize(*size);
            on_request_(id, std::exchange(connection.in, {}));
        }
    } catch (const AdminError& error) {
        refuse(connection, error);
        return flush(connection);
    }
    return true;
}

void Connections::refuse(Connection& connection, const AdminError& error) {
    connection.in.clear();
    connection.out = refuse_(error);
    connection.state = State::lingering;
    connection.deadline = Clock::now() + limits_.linger;
}

// Sends what can be sent now. False: all is sent that there was to send, or the client is gone.
bool Connections::flush(Connection& connection) {
    while (!connection.out.empty()) {
        const auto bytes = ::send(connection.fd, connection.out.data(), connection.out.size(),
                                  MSG_NOSIGNAL | MSG_DONTWAIT);
        if (bytes < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        connection.out.erase(0, static_cast<std::size_t>(bytes));
    }
    if (connection.state == State::lingering) {
        ::shutdown(connection.fd, SHUT_WR);
    }
    return connection.state != State::sending;
}

// Its time is over. False: it is closed at once.
bool Connections::expire(Connection& connection) {
    const bool asked_nothing = connection.in.empty();
    {
        const std::lock_guard lock(mutex_);
        ++counts_.timed_out;
    }
    if (connection.state != State::reading || asked_nothing) {
        return false;
    }
    refuse(connection, {408, "bad_request", "the request did not arrive in time"});
    return flush(connection);
}

void Connections::drop(Map::iterator place) {
    ::close(place->second.fd);
    {
        const std::lock_guard lock(mutex_);
        streams_.erase(place->first);
    }
    connections_.erase(place);
}

int Connections::wait_ms() const {
    auto next = Clock::now() + std::chrono::seconds(1);
    for (const auto& [id, connection] : connections_) {
        next = std::min(next, connection.deadline);
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now());
    return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
}

}  // namespace coupon
