#include "leader_lock.hpp"

#include "journal/open_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace coupon {

bool LeaderLock::try_take(std::string& error) {
    error.clear();
    if (fd_) {
        return true;
    }
    UniqueFd fd = open_file(path_, O_RDWR | O_CREAT, error);
    if (!fd) {
        return false;
    }
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    lock.l_start = static_cast<off_t>(subject_);
    lock.l_len = 1;
    if (fcntl(fd.get(), F_OFD_SETLK, &lock) != 0) {
        if (errno != EAGAIN && errno != EACCES) {
            error = system_error("lock", path_, errno);
        }
        return false;
    }
    fd_ = std::move(fd);
    return true;
}

}  // namespace coupon
