#include "admin/listening_socket.hpp"

#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

#include "runtime/environment.hpp"
#include "runtime/error.hpp"

namespace coupon {
namespace {

constexpr int backlog = 511;

sockaddr_un address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.size());
    return address;
}

int new_socket() {
    return ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

[[noreturn]] void fail(const std::string& path, const std::string& what) {
    throw CommandError("ADMIN_LISTEN: " + path + ": " + what);
}

// Leaves the path free, or throws.
void clear(const std::string& path) {
    struct stat there {};
    if (::lstat(path.c_str(), &there) != 0) {
        return;
    }
    if (!S_ISSOCK(there.st_mode)) {
        fail(path, "there is a file that is no socket");
    }
    const auto address = address_of(path);
    const int probe = new_socket();
    const int result =
        ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    const int error = errno;
    ::close(probe);
    // EAGAIN: its queue is full, so somebody listens.
    if (result == 0 || error != ECONNREFUSED) {
        fail(path, result == 0 || error == EAGAIN ? "another process listens there already"
                                                  : std::strerror(error));
    }
    ::unlink(path.c_str());
}

unsigned parse_mode(const std::string& text) {
    unsigned mode = 0;
    const auto* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, mode, 8);
    if (parsed.ec != std::errc{} || parsed.ptr != end || mode > 0777) {
        throw ConfigError("ADMIN_SOCKET_MODE is no octal mode, such as 0660");
    }
    return mode;
}

}  // namespace

SocketPlace configured_admin_socket() {
    const auto listen = environment_value("ADMIN_LISTEN").value_or("unix:/run/coupon/admin.sock");
    if (!listen.starts_with("unix:/")) {
        throw ConfigError(
            "ADMIN_LISTEN is not unix:PATH: the admin worker is reached through NGINX only");
    }
    SocketPlace place{listen.substr(5), 0660, std::nullopt};
    if (place.path.size() >= sizeof sockaddr_un::sun_path) {
        throw ConfigError("ADMIN_LISTEN: the path of a unix socket is at most 107 bytes");
    }
    if (const auto mode = environment_value("ADMIN_SOCKET_MODE")) {
        place.mode = parse_mode(*mode);
    }
    if (const auto group = environment_value("ADMIN_SOCKET_GROUP")) {
        const auto* entry = ::getgrnam(group->c_str());
        if (entry == nullptr) {
            throw ConfigError("ADMIN_SOCKET_GROUP: there is no group " + *group);
        }
        place.group = entry->gr_gid;
    }
    return place;
}

ListeningSocket::ListeningSocket(const SocketPlace& place) : path_(place.path) {
    clear(path_);
    fd_ = new_socket();
    const auto address = address_of(path_);
    // Nobody gets in between bind and chmod.
    const auto old_mask = ::umask(0777);
    const int bound = ::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    const int error = errno;
    ::umask(old_mask);
    std::string problem = bound == 0 ? "" : std::strerror(error);
    struct stat there {};
    if (problem.empty() && place.group &&
        ::chown(path_.c_str(), static_cast<uid_t>(-1), *place.group) != 0) {
        problem = std::string(
                      "cannot give it to ADMIN_SOCKET_GROUP, of which the worker must be a "
                      "member: ") +
                  std::strerror(errno);
    }
    if (problem.empty() && (::chmod(path_.c_str(), place.mode) != 0 ||
                            ::listen(fd_, backlog) != 0 || ::lstat(path_.c_str(), &there) != 0)) {
        problem = std::strerror(errno);
    }
    if (!problem.empty()) {
        ::close(fd_);
        if (bound == 0) {
            ::unlink(path_.c_str());
        }
        fail(path_, problem);
    }
    device_ = there.st_dev;
    inode_ = there.st_ino;
}

ListeningSocket::~ListeningSocket() {
    unlink();
    ::close(fd_);
}

void ListeningSocket::unlink() const noexcept {
    struct stat there {};
    // A successor may have taken the place already.
    if (::lstat(path_.c_str(), &there) == 0 && there.st_dev == device_ && there.st_ino == inode_) {
        ::unlink(path_.c_str());
    }
}

}  // namespace coupon
