#include "journal/file_space.hpp"

#include <fcntl.h>
#include <sys/mman.h>

#include <cerrno>

#include "journal/file_lock.hpp"

namespace coupon {

bool allocate_file(int fd, const std::string& path, size_t bytes, std::string& error) {
    int result = EINTR;
    while (result == EINTR) {
        result = ::posix_fallocate(fd, 0, static_cast<off_t>(bytes));
    }
    if (result != 0) {
        error = system_error("reserve space for", path, result);
        return false;
    }
    return true;
}

bool prefault_for_writing(void* memory, size_t bytes, const std::string& path, std::string& error) {
#ifdef MADV_POPULATE_WRITE
    int result = 0;
    do {
        result = ::madvise(memory, bytes, MADV_POPULATE_WRITE);
    } while (result != 0 && (errno == EINTR || errno == EAGAIN));
    if (result == 0) {
        return true;
    }
    if (errno != EINVAL) {
        error = system_error("write to", path, errno);
        return false;
    }
#endif
    // Kernels before 5.14: the space is reserved, so touching each page is safe.
    auto* page = static_cast<volatile char*>(memory);
    for (size_t at = 0; at < bytes; at += 4096) {
        page[at] = page[at];
    }
    return true;
}

}  // namespace coupon
