// The unix socket at which NGINX finds the admin worker.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace coupon {

struct SocketPlace {
    std::string path;
    unsigned mode = 0660;
    std::optional<gid_t> group;  // nothing: the process's own
};

// ADMIN_LISTEN, ADMIN_SOCKET_MODE and ADMIN_SOCKET_GROUP. Throws ConfigError.
SocketPlace configured_admin_socket();

class ListeningSocket {
  public:
    // Takes the place of a socket that nobody listens on. Throws CommandError where somebody does,
    // or where the path cannot be had.
    explicit ListeningSocket(const SocketPlace& place);
    ~ListeningSocket();
    ListeningSocket(const ListeningSocket&) = delete;
    ListeningSocket& operator=(const ListeningSocket&) = delete;

    // Nobody finds it any more; what was connected stays.
    void unlink() const noexcept;
    [[nodiscard]] int fd() const noexcept { return fd_; }

  private:
    const std::string path_;
    int fd_ = -1;
    dev_t device_ = 0;
    ino_t inode_ = 0;
};

}  // namespace coupon
