#include "journal/segment_load.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <new>

#include "journal/open_file.hpp"

namespace coupon {

std::unique_ptr<LoadedRecords> load_records(const std::string& path, const Uuid& segment,
                                            size_t bytes_max, uint32_t expected, uint32_t limit,
                                            std::string& error) {
    error.clear();
    auto loaded = std::make_unique<LoadedRecords>();
    UniqueFd fd = open_file(path, O_RDONLY, error);
    struct stat status {};
    if (!fd && errno == ENOENT) {
        error.clear();
        loaded->index.offsets.resize(expected, 0);
        return loaded;
    }
    if (!fd) {
        return nullptr;
    }
    if (::fstat(fd.get(), &status) != 0) {
        error = system_error("open", path, errno);
        return nullptr;
    }
    // The index has offsets of 32 bits; no segment is as large.
    size_t bytes = std::min({bytes_max, static_cast<size_t>(status.st_size), size_t{UINT32_MAX}});
    loaded->bytes.reset(new (std::nothrow) char[bytes]);
    if (!loaded->bytes) {
        error = "no memory to read " + path;
        return nullptr;
    }
    while (loaded->size < bytes) {
        ssize_t got = ::pread(fd.get(), loaded->bytes.get() + loaded->size, bytes - loaded->size,
                              static_cast<off_t>(loaded->size));
        if (got == 0) {
            break;
        }
        if (got > 0) {
            loaded->size += static_cast<size_t>(got);
        } else if (errno != EINTR) {
            error = system_error("read", path, errno);
            return nullptr;
        }
    }
    loaded->index = scan_records(segment, loaded->bytes.get(), loaded->size, expected, limit);
    return loaded;
}

}  // namespace coupon
