// flock as an object. Each lock opens the file anew, so it also excludes threads of the same
// process.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace coupon {

/// A file descriptor that closes itself.
class UniqueFd {
  public:
    UniqueFd() = default;
    explicit UniqueFd(int fd) noexcept : fd_(fd) {}
    UniqueFd(UniqueFd&& other) noexcept;
    UniqueFd& operator=(UniqueFd&& other) noexcept;
    ~UniqueFd();

    int get() const noexcept { return fd_; }
    explicit operator bool() const noexcept { return fd_ >= 0; }

  private:
    int fd_ = -1;
};

/// Held until destroyed, or until the process is gone in whatever way.
class FileLock {
  public:
    enum class Mode { exclusive, shared };

    /// Nothing when another holds it or the file cannot be opened; `error` tells which (empty when
    /// held). `create` makes the file where it is missing.
    static std::optional<FileLock> try_take(const std::string& path, Mode mode, bool create,
                                            std::string& error);

    /// Waits for at most `patience`; blocks, so never on an event loop.
    static std::optional<FileLock> take(const std::string& path, Mode mode,
                                        std::chrono::milliseconds patience, std::string& error);

  private:
    explicit FileLock(UniqueFd fd) noexcept : fd_(std::move(fd)) {}

    UniqueFd fd_;
};

/// "cannot <what> <path>: <text of errno>"
std::string system_error(const char* what, const std::string& path, int error_number);

}  // namespace coupon
