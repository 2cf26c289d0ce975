#include "runtime/service_notifier.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "runtime/watched_loop.hpp"

namespace coupon {
namespace {

using namespace std::chrono_literals;

constexpr auto first_look_every = 100ms;  // for the loops to run
constexpr auto look_every = 1'000ms;      // for a stop

std::string variable(const char* name) {
    const char* const value = std::getenv(name);
    return value == nullptr ? "" : value;
}

// Where the watchdog waits for another process than this one, it is none of ours.
std::chrono::microseconds watchdog_limit() {
    const auto whose = variable("WATCHDOG_PID");
    const auto text = variable("WATCHDOG_USEC");
    if (!whose.empty() && whose != std::to_string(::getpid())) {
        return {};
    }
    std::int64_t limit_us = 0;
    std::from_chars(text.data(), text.data() + text.size(), limit_us);
    return std::chrono::microseconds(std::max<std::int64_t>(limit_us, 0));
}

}  // namespace

ServiceNotifier::ServiceNotifier(const StopSignal& stop, const Log& log)
    : stop_(stop), log_(log), socket_(variable("NOTIFY_SOCKET")), limit_(watchdog_limit()) {
    if (!socket_.empty()) {
        thread_ = std::thread([this] { run(); });
    }
}

ServiceNotifier::~ServiceNotifier() {
    if (!thread_.joinable()) {
        return;
    }
    {
        const std::lock_guard lock(mutex_);
        ended_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

void ServiceNotifier::run() {
    using Clock = std::chrono::steady_clock;
    bool ready = false;
    bool stopping = false;
    auto feed_due = Clock::now();
    auto wait = first_look_every;
    do {
        if (!ready && look_at_loops(0ms).watched > 0) {
            send("READY=1");
            ready = true;
        }
        if (!stopping && stop_.requested()) {
            send("STOPPING=1");
            stopping = true;
        }
        if (limit_ > 0us && Clock::now() >= feed_due) {
            feed();
            feed_due = Clock::now() + limit_ / 4;
        }
        wait = ready ? look_every : first_look_every;
        if (limit_ > 0us) {
            wait = std::min(wait, std::chrono::ceil<std::chrono::milliseconds>(limit_ / 4));
        }
    } while (!ended_within(wait));
    if (!stopping) {
        send("STOPPING=1");
    }
}

// What is in flight when a stop is requested has a grace time of its own.
void ServiceNotifier::feed() {
    const auto seen = look_at_loops(limit_);
    if (seen.stuck.empty() || stop_.requested()) {
        stuck_ = false;
        send("WATCHDOG=1");
        return;
    }
    if (!stuck_) {
        stuck_ = true;
        log_.error(
            "a loop of the worker does not come round; systemd will start the worker anew",
            {{"loop", seen.stuck}, {"limit_s", std::chrono::duration<double>(limit_).count()}});
        send("STATUS=the loop " + seen.stuck + " does not come round");
    }
}

void ServiceNotifier::send(const std::string& state) const noexcept {
    sockaddr_un address{};
    if (socket_.size() >= sizeof address.sun_path) {
        return;
    }
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, socket_.data(), socket_.size());
    if (address.sun_path[0] == '@') {
        address.sun_path[0] = '\0';  // an abstract name
    }
    const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return;
    }
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
    ::sendto(fd, state.data(), state.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
             reinterpret_cast<const sockaddr*>(&address), length);
    ::close(fd);
}

bool ServiceNotifier::ended_within(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    return wake_.wait_for(lock, time, [this] { return ended_; });
}

}  // namespace coupon
