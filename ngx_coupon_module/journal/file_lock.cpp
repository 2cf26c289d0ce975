#include "journal/file_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <thread>
#include <utility>

#include "journal/open_file.hpp"

namespace coupon {

UniqueFd::UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

UniqueFd& UniqueFd::operator=(UniqueFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
}

UniqueFd::~UniqueFd() {
    if (fd_ >= 0) {
        ::close(fd_);
    }
}

std::optional<FileLock> FileLock::try_take(const std::string& path, Mode mode, bool create,
                                           std::string& error) {
    error.clear();
    // Read access is enough for flock, so that couponctl can look without the right to write.
    UniqueFd fd = open_file(path, create ? O_RDWR | O_CREAT : O_RDONLY, error);
    if (!fd) {
        return std::nullopt;
    }
    int operation = (mode == Mode::exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB;
    while (::flock(fd.get(), operation) != 0) {
        if (errno == EINTR) {
            continue;
        }
        if (errno != EWOULDBLOCK) {
            error = system_error("lock", path, errno);
        }
        return std::nullopt;
    }
    return FileLock(std::move(fd));
}

std::optional<FileLock> FileLock::take(const std::string& path, Mode mode,
                                       std::chrono::milliseconds patience, std::string& error) {
    using namespace std::chrono_literals;
    auto deadline = std::chrono::steady_clock::now() + patience;
    auto pause = 1ms;
    while (true) {
        auto lock = try_take(path, mode, mode == Mode::exclusive, error);
        if (lock || !error.empty()) {
            return lock;
        }
        if (std::chrono::steady_clock::now() >= deadline) {
            error = "another process holds " + path + " for more than " +
                    std::to_string(patience.count()) + " ms";
            return std::nullopt;
        }
        std::this_thread::sleep_for(pause);
        pause = std::min(pause * 2, 20ms);
    }
}

std::string system_error(const char* what, const std::string& path, int error_number) {
    return std::string("cannot ") + what + " " + path + ": " +
           std::generic_category().message(error_number);
}

}  // namespace coupon
