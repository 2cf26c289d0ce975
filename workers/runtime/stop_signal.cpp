#include "runtime/stop_signal.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>

#include "runtime/error.hpp"
#include "runtime/watched_loop.hpp"

namespace coupon {
namespace {

constexpr int slice_ms = 1'000;  // of a long sleep, which is a loop's round all the same

std::atomic<bool> stop_requested{false};
std::atomic<int> wake_fd{-1};

void request_stop(int) {
    const int saved = errno;
    stop_requested.store(true);
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wake_fd.load(), &one, sizeof one);
    errno = saved;
}

void handle(int signal, void (*handler)(int)) {
    struct sigaction action {};
    action.sa_handler = handler;
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART;
    sigaction(signal, &action, nullptr);
}

}  // namespace

StopSignal::StopSignal() {
    const int fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0) {
        throw CommandError(std::string("cannot make an eventfd: ") + std::strerror(errno));
    }
    wake_fd.store(fd);
    handle(SIGTERM, request_stop);
    handle(SIGINT, request_stop);
    handle(SIGPIPE, SIG_IGN);
}

StopSignal::~StopSignal() {
    handle(SIGTERM, SIG_DFL);
    handle(SIGINT, SIG_DFL);
    ::close(wake_fd.exchange(-1));
}

bool StopSignal::requested() const noexcept {
    note_round();
    return stop_requested.load();
}

void StopSignal::sleep_ms(int ms) const noexcept {
    pollfd wake{wake_fd.load(), POLLIN, 0};
    for (int left = ms; left > 0 && !requested(); left -= slice_ms) {
        ::poll(&wake, 1, std::min(left, slice_ms));
    }
    note_round();
}

}  // namespace coupon
