#include "journal/open_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

namespace coupon {

UniqueFd open_file(const std::string& path, int flags, std::string& error) {
    UniqueFd fd(::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
    struct stat status {};
    if (!fd || ::fstat(fd.get(), &status) != 0) {
        int error_number = errno;
        error = system_error((flags & O_CREAT) != 0 ? "create" : "open", path, error_number);
        errno = error_number;
        return UniqueFd();
    }
    if (!S_ISREG(status.st_mode)) {
        error = path + " is not a regular file";
        errno = EINVAL;
        return UniqueFd();
    }
    return fd;
}

}  // namespace coupon
