#include "cron/jobs/durable_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <random>
#include <sstream>

#include "journal/file_lock.hpp"
#include "runtime/error.hpp"

namespace coupon {
namespace {

constexpr mode_t readable_by_all = 0644;  // NGINX serves them

// Nobody else's, not even a worker's that still writes the same file.
std::string random_name() {
    std::random_device random;
    std::ostringstream name;
    name << std::hex << random() << random();
    return name.str();
}

void write_file(const std::string& path, std::string_view content) {
    const UniqueFd fd(
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, readable_by_all));
    if (!fd) {
        fail_file("make", path);
    }
    write_all(fd.get(), content, path);
    if (::fsync(fd.get()) != 0) {
        fail_file("sync", path);
    }
}

}  // namespace

void fail_file(const std::string& doing, const std::string& path) {
    throw CommandError("cannot " + doing + " " + path + ": " + std::strerror(errno));
}

void write_all(int fd, std::string_view content, const std::string& path) {
    while (!content.empty()) {
        const auto written = ::write(fd, content.data(), content.size());
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            fail_file("write", path);
        }
        content.remove_prefix(static_cast<std::size_t>(written));
    }
}

void sync_folder(const std::string& folder) {
    const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || ::fsync(fd.get()) != 0) {
        fail_file("sync", folder);
    }
}

void replace_file(const std::string& path, std::string_view content) {
    const auto temporary = path + "." + random_name() + ".tmp";
    try {
        write_file(temporary, content);
        if (std::rename(temporary.c_str(), path.c_str()) != 0) {
            fail_file("rename", temporary);
        }
    } catch (...) {
        std::error_code ignored;  // what is left has the ending of such files
        std::filesystem::remove(temporary, ignored);
        throw;
    }
    sync_folder(std::filesystem::path(path).parent_path().string());
}

}  // namespace coupon
